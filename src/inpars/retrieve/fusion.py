"""Fusion: the scores of several systems on one scale, added up with a weight each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

PRIOR = 0.6
"""A bi-encoder's weight beside BM25 where nothing speaks for another. With the untuned all-MiniLM-L6-v2 over BM25's
top 100 it is the best on average over twelve test collections (benchmarks/RESULTS.md)."""


def fuse(
    systems: Sequence[Mapping[str, float]], weights: Sequence[float], scales: Sequence[float | None] = ()
) -> dict[str, float]:
    """One query's documents, those of all `systems` together, by the weighted sum of their standardised scores.

    Scores are standardised system by system over these documents, to mean 0 and standard deviation 1. Unlike min-max
    this lets a document that stands out far above the rest keep its lead. A system with one of the `scales`, the same
    for every query, has its scores divided by that instead: where it does not tell the documents apart, it then has no
    say. A document that a system lacks has the lowest score that the system gives for the query.
    """
    # The last system's order comes first: the sums' last digits depend on it.
    doc_ids = list(dict.fromkeys(doc_id for scores in reversed(systems) for doc_id in scores))
    mixed = np.zeros(len(doc_ids))
    for scores, weight, scale in zip(systems, weights, scales or [None] * len(systems), strict=True):
        if scores:
            mixed += weight * standardised(scores, doc_ids, scale)
    return dict(zip(doc_ids, mixed.tolist(), strict=True))


def standardised(scores: Mapping[str, float], doc_ids: Sequence[str], scale: float | None = None) -> np.ndarray:
    """The scores of `doc_ids`, float64, with mean 0, divided by `scale` or else their own standard deviation.

    Zeros where all are alike.
    """
    lowest = min(scores.values())
    values = np.array([scores.get(doc_id, lowest) for doc_id in doc_ids])
    spread = scale or values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))

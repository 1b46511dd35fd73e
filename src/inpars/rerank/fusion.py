"""Fusion: first-stage and model scores on one scale, interpolated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from inpars.data.measures import parse_measures, per_query
from inpars.data.qrels import Qrels
from inpars.data.runs import Run

PRIOR = 0.6
"""The model's weight where nothing speaks for another. With the untuned all-MiniLM-L6-v2 over BM25's
top 100 it is the best on average over twelve test collections (benchmarks/RESULTS.md)."""

WEIGHTS = (0.5, 0.55, 0.6, 0.65, 0.7)
"""The weights tried. A synthetic query is no judge beyond these: left in its document it flatters
BM25, cut out of it it flatters the model, and real queries lie in between."""

_MEASURE = "nDCG@10"


class Choice(NamedTuple):
    """The weight chosen, and the held-out nDCG@10 of every weight that was tried."""

    weight: float
    held_out: dict[str, float]


def fuse(first_stage: Run, model: Run, weight: float) -> Run:
    """`(1 - weight) * z(first stage) + weight * z(model)` for the documents that both have.

    Scores are standardised query by query, to mean 0 and standard deviation 1. Unlike min-max this
    lets a document that stands out far above the rest keep its lead.
    """
    fused: Run = {}
    for query_id, scores in model.items():
        retrieved = first_stage.get(query_id, {})
        shared = [doc_id for doc_id in scores if doc_id in retrieved]
        if not shared:
            fused[query_id] = {}
            continue
        mixed = (1 - weight) * _standardised(retrieved, shared) + weight * _standardised(scores, shared)
        fused[query_id] = dict(zip(shared, mixed.tolist(), strict=True))
    return fused


def choose_weight(first_stage: Run, model: Run, qrels: Qrels) -> Choice:
    """The weight nearest to `PRIOR` that the held-out queries do not tell apart from the best.

    Every query in `qrels` counts, with 0 where the first stage has none of its documents.
    Two weights are told apart where the mean of their paired differences in nDCG@10 is larger than
    its standard error (the one-standard-error rule).
    """
    measures = parse_measures([_MEASURE])
    values = {w: per_query(fuse(first_stage, model, w), qrels, measures)[_MEASURE] for w in WEIGHTS}
    means = {weight: float(found.mean()) for weight, found in values.items()}
    best = max(WEIGHTS, key=lambda weight: (means[weight], -abs(weight - PRIOR)))
    as_good = [weight for weight in WEIGHTS if _indistinct(values[best], values[weight])]
    weight = min(as_good, key=lambda weight: (abs(weight - PRIOR), -means[weight]))
    return Choice(weight, {f"{weight:.2f}": round(mean, 4) for weight, mean in means.items()})


def _indistinct(best: np.ndarray, other: np.ndarray) -> bool:
    difference = best - other
    return bool(difference.mean() <= difference.std(ddof=1) / np.sqrt(len(difference)))


def _standardised(scores: Mapping[str, float], doc_ids: list[str]) -> np.ndarray:
    values = np.array([scores[doc_id] for doc_id in doc_ids])
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))

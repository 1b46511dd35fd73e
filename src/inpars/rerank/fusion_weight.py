"""The weights of a fusion, chosen on queries whose relevant documents are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from inpars.data.measures import parse_measures, per_query
from inpars.data.qrels import Qrels
from inpars.data.runs import Run
from inpars.retrieve.fusion import PRIOR, fuse

WRITTEN = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""The model's weights that are tried on queries that a language model wrote. They repeat their document's words more
than people's queries do, which flatters BM25, so that they may raise the weight and never lower it."""

EXTRACTED = (0.5, 0.55, 0.6, 0.65, 0.7)
"""Those that are tried on queries taken out of their documents: no judges beyond these, for left in its document such a
query flatters BM25, cut out of it it flatters the model, and people's lie in between."""

_MEASURE = "nDCG@10"


class Choice(NamedTuple):
    """The weight chosen, and the held-out nDCG@10 of every weight that was tried."""

    weight: float
    held_out: dict[str, float]


def fuse_runs(
    systems: Sequence[Run], weights: Sequence[float], scales: Sequence[float | None] = ()
) -> Iterator[tuple[str, dict[str, float]]]:
    """`(query id, its documents by `fuse`)` for every query that some of the runs has, in the order of the last."""
    query_ids = dict.fromkeys(query_id for run in reversed(systems) for query_id in run)
    return ((q, fuse([run.get(q, {}) for run in systems], weights, scales)) for q in query_ids)


def choose_weight(
    first_stage: Run,
    model: Run,
    qrels: Qrels,
    weights: Sequence[float] = WRITTEN,
    *,
    scale: float | None = None,
    errors: float = 1.0,
) -> Choice:
    """Of `weights`, the one nearest to `PRIOR` that the held-out queries do not tell apart from the best.

    Every query in `qrels` counts, with 0 where the first stage has none of its documents.
    Two weights are told apart where the mean of their paired differences in nDCG@10 is larger than
    `errors` of its standard errors. `scale` is the model's (see `fuse`).
    """
    measures = parse_measures([_MEASURE])
    fused = {w: dict(fuse_runs([first_stage, model], [1 - w, w], [None, scale])) for w in weights}
    values = {w: per_query(run, qrels, measures)[_MEASURE] for w, run in fused.items()}
    means = {weight: float(found.mean()) for weight, found in values.items()}
    best = max(weights, key=lambda weight: (means[weight], -abs(weight - PRIOR)))
    as_good = [weight for weight in weights if _indistinct(values[best], values[weight], errors)]
    weight = min(as_good, key=lambda weight: (abs(weight - PRIOR), -means[weight]))
    return Choice(weight, {f"{weight:.2f}": round(mean, 4) for weight, mean in means.items()})


def _indistinct(best: np.ndarray, other: np.ndarray, errors: float) -> bool:
    difference = best - other
    return bool(difference.mean() <= errors * difference.std(ddof=1) / np.sqrt(len(difference)))

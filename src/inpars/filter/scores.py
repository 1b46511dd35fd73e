"""Score queries by the log-probabilities of their tokens (InPars, arXiv 2202.05144, section 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from statistics import fmean

from inpars.data.records import SyntheticQuery
from inpars.filter.method import Context, Dropped, Outcome, no_log_probs
from inpars.filter.options import ScoresOptions, Scoring
from inpars.filter.selection import select


def judge(queries: Sequence[SyntheticQuery], options: ScoresOptions, context: Context) -> list[Outcome]:
    """Set each query's `score` and select by it; the reason to drop it, or None.

    `InparsError` where no query has log-probabilities: the generator gave none.
    """
    if queries and all(query.log_probs is None for query in queries):
        raise no_log_probs()
    usable = [_are_usable(query.log_probs) for query in queries]
    scored = list(compress(queries, usable))
    for query in scored:
        query.score = query.scores[options.scoring] = score(query.log_probs or (), options.scoring)
    selected = iter(select(scored, options))
    return [next(selected) if good else Dropped("no usable log-probabilities") for good in usable]


def _are_usable(log_probs: Sequence[float | None] | None) -> bool:
    return bool(log_probs) and all(value is not None and math.isfinite(value) for value in log_probs or ())


def score(log_probs: Sequence[float], scoring: Scoring) -> float:
    """One number from a query's token log-probabilities (natural logarithms)."""
    if scoring == "sum_log_probs":
        return math.fsum(log_probs)
    if scoring == "mean_probs":
        return fmean(math.exp(value) for value in log_probs)
    return fmean(log_probs)

"""Score queries by the log-probabilities of their tokens (InPars, arXiv 2202.05144, section 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.config import ScoresOptions, Scoring


def judge(queries: Sequence[SyntheticQuery], options: ScoresOptions) -> list[str | None]:
    """Set each query's `score`; the reason to drop it, or None.

    `InparsError` where no query has log-probabilities: the generator gave none.
    """
    if queries and all(query.log_probs is None for query in queries):
        raise InparsError(
            "the scores filter needs log-probabilities, and these queries have none",
            hint="generate with a backend that gives them, or leave 'scores' out of the filter's methods",
        )
    reasons: list[str | None] = []
    for query in queries:
        if not query.log_probs or not all(value is not None and math.isfinite(value) for value in query.log_probs):
            reasons.append("no usable log-probabilities")
            continue
        query.score = query.scores[options.scoring] = score(query.log_probs, options.scoring)
        too_low = options.min_score is not None and query.score < options.min_score
        reasons.append(f"{options.scoring} {query.score:.4f} below {options.min_score}" if too_low else None)
    return reasons


def score(log_probs: Sequence[float], scoring: Scoring) -> float:
    """One number from a query's token log-probabilities (natural logarithms)."""
    if scoring == "sum_log_probs":
        return math.fsum(log_probs)
    if scoring == "mean_probs":
        return fmean(math.exp(value) for value in log_probs)
    return fmean(log_probs)

"""Candidates that come too close to the positive are left out: they may answer the query as well.

TopK-PercPos and TopK-MarginPos of NV-Retriever (Moreira et al. 2024, arXiv 2407.15831).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from inpars.negatives.config import PositiveAwareOptions
from inpars.negatives.draft import Pair, Removed, Scores, Verdict


class PositiveAware:
    """Turns down what scores above a share of the positive's score, or above it less a margin."""

    def __init__(self, options: PositiveAwareOptions, scores: Scores, *, logits: bool) -> None:
        """`logits` says that scores are no similarities: for the share they become probabilities of relevance."""
        self._options, self._scores, self._logits = options, scores, logits

    def __call__(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """A verdict for each pair."""
        return [
            Removed("positive_aware") if self._too_close(score, positive) else None
            for score, positive in self._scores(pairs)
        ]

    def _too_close(self, score: float, positive: float) -> bool:
        share, margin = self._options.max_share, self._options.margin
        if margin is not None and score > positive - margin:
            return True
        if share is None:
            return False
        if self._logits:
            score, positive = _sigmoid(score), _sigmoid(positive)
        # Of a positive below 0 a share would lie above it.
        return score > min(positive, share * positive)


def _sigmoid(logit: float) -> float:
    # Of large negative numbers, where exp(-x) would overflow, exp(x) is the sigmoid.
    return 1 / (1 + math.exp(-logit)) if logit > -500 else math.exp(logit)

"""Scores as probabilities of relevance."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from inpars.data.runs import ranked

_LOWEST = -80.0


def probabilities(scores: Mapping[str, float]) -> dict[str, float]:
    """The sigmoid of each score (a difference of two logits), best first.

    In single precision many probabilities near 1 would be equal, and a run orders equal scores by
    id. So each is written below the one before it, by the smallest step there is, and the ranking
    stays that of the scores. All lie above 0 and none above 1.
    """
    found: dict[str, float] = {}
    previous = np.float32(np.inf)
    for doc_id, score in ranked(scores):
        # Below this the steps would leave the numbers above 0.
        single = np.float32(1 / (1 + math.exp(-max(score, _LOWEST))))
        if single >= previous:
            single = np.nextafter(previous, np.float32(-np.inf))
        previous = single
        found[doc_id] = float(single)
    return found

"""Texts that have nearly the same words: every pair of them, found without comparing all with all."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from inpars.data.segmentation import segment
from inpars.filter.words import shingles


def near_words(texts: Sequence[str], similarity: float, length: int = 1) -> list[int | None]:
    """For each text the place of the first before it that is near it and has none itself, or None.

    Near means that the sets of their words, or of their shingles of `length` words, reach the Jaccard
    `similarity`. This is exact, a set-similarity join: two sets that similar must share one of the
    rarest `|x| - ceil(similarity |x|) + 1` elements of each (prefix filtering; Chaudhuri et al., ICDE 2006).
    """
    sets = [shingles(segment(text), length) for text in texts]
    frequency = Counter(element for elements in sets for element in elements)
    holders: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    near: list[int | None] = []
    for place, elements in enumerate(sets):
        size = len(elements)
        rarest = sorted(elements, key=lambda element: (frequency[element], element))
        # The product may lie a rounding error above a whole number.
        prefix = rarest[: size - math.ceil(similarity * size - 1e-9) + 1]
        candidates = {other for element in prefix for other in holders[element]}
        near.append(first_near(elements, candidates, sets, similarity))
        if near[-1] is None:
            for element in prefix:
                holders[element].append(place)
    return near


def first_near(
    elements: frozenset[Any], candidates: set[int], sets: Sequence[frozenset[Any]], similarity: float
) -> int | None:
    """The first of the candidates whose set reaches the Jaccard similarity with `elements`."""
    return next((place for place in sorted(candidates) if jaccard(elements, sets[place]) >= similarity), None)


def jaccard(one: frozenset[Any], other: frozenset[Any]) -> float:
    """The share of the two sets' elements that both have; 0 where there are none."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0

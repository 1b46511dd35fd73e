"""A few of the queries that a language model wrote, for people to look at: those that it found likeliest, and least."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from statistics import fmean

from inpars.data.records import SyntheticQuery
from inpars.errors import shorten

_SHOWN = 3


class Ends:
    """The queries of the highest and the lowest mean log-probability; extracted ones have no part in it."""

    def __init__(self) -> None:
        self._best: list[tuple[float, str, str]] = []
        self._worst: list[tuple[float, str, str]] = []

    def add(self, query: SyntheticQuery) -> None:
        """Look at one query."""
        if query.is_extracted or not query.log_probs:
            return
        mean = fmean(query.log_probs)
        for heap, key in ((self._best, mean), (self._worst, -mean)):
            heapq.heappush(heap, (key, query.doc_id, query.query))
            if len(heap) > _SHOWN:
                heapq.heappop(heap)

    def lines(self) -> Iterator[str]:
        """What to show; nothing where there are too few, or none has log-probabilities."""
        if len(self._best) < _SHOWN:
            return
        for said, found in (("likeliest", self._best), ("least likely", self._worst)):
            shown = (f"{shorten(text, 80)} ({doc_id})" for _, doc_id, text in sorted(found, reverse=True))
            yield f"the {said} for the model: {'; '.join(shown)}"

"""A few of the queries that a language model wrote, for people to look at: those that it found likeliest, and least."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from inpars.data.queries import read_synthetic_queries
from inpars.errors import shorten

_SHOWN = 3


def examples(path: Path) -> Iterator[str]:
    """Lines that show the queries in a file of the highest and the lowest mean log-probability.

    None where there are too few, or none has log-probabilities. Extracted queries have no part in it.
    """
    best: list[tuple[float, str, str]] = []
    worst: list[tuple[float, str, str]] = []
    for query in read_synthetic_queries(path):
        if query.is_extracted or not query.log_probs:
            continue
        mean = fmean(query.log_probs)
        for heap, key in ((best, mean), (worst, -mean)):
            heapq.heappush(heap, (key, query.doc_id, query.query))
            if len(heap) > _SHOWN:
                heapq.heappop(heap)
    if len(best) < _SHOWN:
        return
    for said, found in (("likeliest", sorted(best, reverse=True)), ("least likely", sorted(worst, reverse=True))):
        yield f"the {said} for the model: " + "; ".join(f"{shorten(text, 80)} ({doc_id})" for _, doc_id, text in found)

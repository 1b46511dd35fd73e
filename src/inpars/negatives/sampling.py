"""The order in which a query's candidates are looked at.

Taking candidates from a random order until enough of them pass is the same draw as filtering all of
them first, and looks at far fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from inpars.data.seeds import generator
from inpars.negatives.candidates import Candidate, Pool

Sample = Literal["random", "top", "bottom"]


def hard(pool: Pool, sample: Sample, seed: int, query_id: str) -> Iterator[Candidate]:
    """The pool in the order of the sample: at random, from the best down, or from the last up (DUQGen)."""
    places: Iterable[int] = range(len(pool))
    if sample == "bottom":
        places = reversed(range(len(pool)))
    elif sample == "random":
        places = generator(seed, query_id).permutation(len(pool)).tolist()
    return map(pool.candidate, places)


def easy(doc_ids: Sequence[str], pool: Pool, seed: int, query_id: str) -> Iterator[Candidate]:
    """All of `doc_ids` in random order. What was retrieved for the query has its rank and score."""
    rng = generator(seed, "easy", query_id)
    drawn: set[int] = set()
    while len(drawn) < len(doc_ids):
        if (place := int(rng.integers(len(doc_ids)))) not in drawn:
            drawn.add(place)
            yield pool.find(doc_ids[place])


def easy_count(wanted: int, share: float, seed: int, query_id: str) -> int:
    """How many of a query's `wanted` negatives are easy ones: `share` of them, on average over the queries."""
    whole, rest = divmod(wanted * share, 1)
    return int(whole) + (generator(seed, "easy count", query_id).random() < rest)

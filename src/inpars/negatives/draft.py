"""A training example in the making, and what the rules say about its candidates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from inpars.data.records import SyntheticQuery
from inpars.negatives.candidates import Candidate, Pool

Why = Literal["source", "known_positive", "near_duplicate", "positive_aware", "relabelled", "promoted"]
"""What kept a candidate from becoming a negative."""

RULES: tuple[Why, ...] = get_args(Why)
"""All of these, in the order in which they are applied."""


@dataclass(slots=True)
class Draft:
    """A query for which negatives are being found, and what came of its candidates so far.

    `positive_text` stands in for the source's text in the corpus where the query was cut out of it.
    `positives` are the documents whose words no negative may have: the source, the other known
    positives that the corpus has, and of the promoted ones the first `heeded`. `removed` counts
    the candidates that were looked at and turned down, `error` is set where no verdict could be had,
    and `failures` says in how many earlier runs it was.
    """

    query: SyntheticQuery
    positive_text: str
    known: set[str]
    positives: list[str]
    pool: Pool
    failures: int = 0
    accepted: list[Candidate] = field(default_factory=list)
    promoted: list[str] = field(default_factory=list)
    heeded: int = 0
    looked_at: set[str] = field(default_factory=set)
    removed: Counter[Why] = field(default_factory=Counter)
    positive_scores: dict[str, float] = field(default_factory=dict)
    error: str = ""

    @property
    def passage(self) -> str:
        """The id under which models read the positive: the source's own, or one for the text that stands in for it."""
        if not self.positive_text:
            return self.query.doc_id
        # Scorers may remember a text by its id, and documents of a corpus have no such ids.
        return f"\x00{hashlib.sha256(self.positive_text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Removed:
    """The candidate is no negative, and why."""

    why: Why


@dataclass(frozen=True, slots=True)
class Unjudged:
    """There is no verdict on the candidate, and why; the next run asks again."""

    cause: str


Verdict: TypeAlias = Removed | Unjudged | None
"""What a rule says about a candidate; None lets it pass."""

Pair: TypeAlias = tuple[Draft, Candidate]

Rule: TypeAlias = Callable[[Sequence[Pair]], Sequence[Verdict]]
"""A rule that asks a model: a verdict for each pair, which no other pair bears on."""

Scores: TypeAlias = Callable[[Sequence[Pair]], Sequence[tuple[float, float]]]
"""For each pair the score of the candidate, and that of the positive of its query."""

"""The nouns every stage shares: documents, queries, synthetic queries and training triples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """One document. Ids are strings always, so that "007" stays "007"."""

    doc_id: str
    text: str
    title: str = ""

    @property
    def contents(self) -> str:
        """What search and prompts use: `title + " " + text`, without the blank where either is empty."""
        return f"{self.title} {self.text}" if self.title and self.text else self.title or self.text


@dataclass(frozen=True, slots=True)
class Query:
    """One query (topic) of a test set."""

    query_id: str
    text: str


def query_hash(query: str, doc_id: str, generator: str) -> str:
    """The id of a synthetic query: a hash of what it is, never a position in a file."""
    key = "\x1f".join((generator, doc_id, query))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


@dataclass(slots=True)
class SyntheticQuery:
    """One generated query, with the document it was written for.

    `doc_text` is the document as the query's author saw it; where a part was withheld (a sentence
    that became the query) it differs from the corpus. `log_probs` are natural logarithms, one for
    each emitted token; `None` where the generator has none.
    """

    query: str
    doc_id: str
    doc_text: str = ""
    log_probs: list[float] | None = None
    finish_reason: str = "stop"
    prompt_text: str = ""
    fewshot_examples: list[str] = field(default_factory=list)
    generator: str = ""
    query_id: str = ""
    score: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.query_id:
            self.query_id = query_hash(self.query, self.doc_id, self.generator)

    @property
    def is_extracted(self) -> bool:
        """Whether the query was taken from its document by statistics, and no language model wrote it."""
        return self.generator.partition(":")[0] == "extractive"

    def to_row(self) -> dict[str, Any]:
        """The JSON object written to a file: empty optional fields are left out."""
        row: dict[str, Any] = {
            "query_id": self.query_id,
            "query": self.query,
            "doc_id": self.doc_id,
            "doc_text": self.doc_text,
            "log_probs": self.log_probs,
            "finish_reason": self.finish_reason,
            "generator": self.generator,
        }
        optional = ("prompt_text", "fewshot_examples", "score", "scores")
        row |= {name: value for name in optional if (value := getattr(self, name)) not in (None, "", [], {})}
        return row | self.extra

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> SyntheticQuery:
        """Read a row of ours, of the toolkit (`text`) or of InPars v1 (`question`).

        v1's filter leaves one number in `log_probs`: that is the row's score.
        """
        aliases = {"question": "query", "text": "doc_text"}
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in row.items():
            name = aliases.get(key, key)
            (known if name in _QUERY_FIELDS else extra)[name] = value
        known = {key: value for key, value in known.items() if value is not None or key == "log_probs"}
        if isinstance(number := known.get("log_probs"), int | float):
            known |= {"log_probs": None, "score": known.get("score", float(number))}
        return cls(**known, extra=extra)


_QUERY_FIELDS = set(SyntheticQuery.__dataclass_fields__) - {"extra"}


@dataclass(slots=True)
class Triple:
    """One training example by id: a query, its positive and its hard negatives, hardest first.

    `scores` are the miner's scores of the negatives and `ranks` their ranks, from 1, in the same order;
    a negative that was drawn from the whole corpus and not retrieved has rank 0 and score 0.
    `positive_text` stands in for the corpus text where the query was cut out of the document.
    `teacher_scores`, which only distillation needs, are another model's scores of the positive and then
    of each negative in order: one more than there are negatives. A query with several positives has a
    triple for each, and none of its positives is a negative in any of them.
    """

    query_id: str
    query: str
    positive_id: str
    negative_ids: list[str]
    scores: list[float] = field(default_factory=list)
    positive_text: str = ""
    teacher_scores: list[float] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)

    def to_row(self) -> dict[str, Any]:
        """The JSON object written to a file; `positive_text`, `teacher_scores` and `ranks` only where they are set."""
        row: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        optional = ("positive_text", "teacher_scores", "ranks")
        return {name: value for name, value in row.items() if value or name not in optional}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Triple:
        """Read a row that `to_row` wrote."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__ if name in row})

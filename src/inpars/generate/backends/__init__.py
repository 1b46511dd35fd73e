"""What writes queries: by statistics of the documents alone, or by prompting a language model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from inpars.data.records import Document, SyntheticQuery

AGAIN = "the same query again for this document"
"""Why an answer is dropped that is as good as the one before."""


@dataclass(slots=True)
class Written:
    """What came of one document: its queries, what was dropped and why, or the `error` it ended in.

    `usage` counts what it took (tokens, requests, dollars) and the faults of its queries (`echo`, `loop`,
    `unfinished`), summed over the whole stage in its sidecar.
    """

    doc_id: str
    queries: list[SyntheticQuery] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    usage: dict[str, float] = field(default_factory=dict)


class Backend(Protocol):
    """A writer of queries."""

    inputs: dict[str, str]
    """What its queries depend on besides the options and the documents, by name."""

    def write(self, documents: Iterable[Document]) -> Iterator[Written]:
        """One `Written` for each document, in any order; documents are drawn only as they are needed."""
        ...

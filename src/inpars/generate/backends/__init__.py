"""What writes queries: one module a backend, all with the same `queries(document)` method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from inpars.data.corpora import Corpus
from inpars.data.records import Document, SyntheticQuery
from inpars.registry import Registry

if TYPE_CHECKING:
    from inpars.generate.config import GenerateConfig


class Backend(Protocol):
    """A writer of queries, made once for a corpus and then asked document by document."""

    def __init__(self, corpus: Corpus, config: GenerateConfig) -> None: ...

    def queries(self, document: Document) -> list[SyntheticQuery]:
        """At most `queries_per_document` queries; the same ones whenever it is asked again."""
        ...


BACKENDS: Registry[type[Backend]] = Registry(
    "generation backend", {"extractive": "inpars.generate.backends.extractive:Extractive"}
)

"""A corpus that is already in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from inpars.data.corpora.base import IndexedCorpus
from inpars.data.records import Document


class MemoryCorpus(IndexedCorpus):
    """Documents from any iterable; the locator is the position."""

    def __init__(self, documents: Iterable[Document], name: str = "memory") -> None:
        super().__init__(name)
        self._documents = list(documents)

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for position, document in enumerate(self._documents):
            yield position, position + 1, document

    def _fetch(self, locator: int) -> Document:
        return self._documents[locator]

    def fingerprint(self) -> str:
        """SHA-256 over every document."""
        digest = hashlib.sha256()
        for document in self._documents:
            digest.update("\x1f".join((document.doc_id, document.title, document.text, "\x1e")).encode())
        return digest.hexdigest()

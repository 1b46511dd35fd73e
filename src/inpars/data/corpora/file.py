"""A corpus in one file of any known format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inpars.data.columns import DOCUMENT_IDS, DOCUMENT_TEXTS, Columns
from inpars.data.corpora.base import IndexedCorpus
from inpars.data.files import file_hash
from inpars.data.formats import Row, open_rows
from inpars.data.records import Document


class FileCorpus(IndexedCorpus):
    """The documents of a `.jsonl`, `.csv`, `.tsv` or `.parquet` file, compressed or not, streamed."""

    def __init__(self, path: str | Path, columns: Columns | None = None) -> None:
        super().__init__(str(path))
        self.columns = columns or Columns()
        self._source = open_rows(path, self.columns.chosen)
        self._fingerprint = ""

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for row in self._source.rows():
            yield row.locator, row.line, self._document(row)

    def _fetch(self, locator: int) -> Document:
        return self._document(self._source.fetch(locator))

    def _document(self, row: Row) -> Document:
        path = self._source.path
        return Document(
            doc_id=self.columns.read_id(row.values, path, row.line, DOCUMENT_IDS),
            title=self.columns.read_title(row.values, path, row.line),
            text=self.columns.read_text(row.values, path, row.line, DOCUMENT_TEXTS),
        )

    def fingerprint(self) -> str:
        """SHA-256 of the file, with the columns that are read from it."""
        if not self._fingerprint:
            columns = self.columns
            self._fingerprint = f"{file_hash(self._source.path)}:{columns.id}:{columns.title}:{columns.text}"
        return self._fingerprint

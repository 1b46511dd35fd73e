"""A corpus in one file of any known format, or in several that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, islice
from pathlib import Path

import numpy as np

from inpars.data.columns import ROW_NUMBER, Columns, RecordReader, spec_with
from inpars.data.corpora.base import IndexedCorpus
from inpars.data.fields import DOCUMENTS, normal
from inpars.data.files import digest_of, file_hash
from inpars.data.formats import Row, RowSource, open_rows
from inpars.data.records import Document

# A locator is that of the row in its file, below the file's number.
_BITS = 44
_INSIDE = (1 << _BITS) - 1
_OPEN = 128
"""Files that are kept open."""
_LOOKED_AT = 100_000
"""Rows in which another column is looked for where ids repeat."""


class FileCorpus(IndexedCorpus):
    """The documents of files in the formats of `inpars.data.formats`, compressed or not, streamed one after another.

    `name` is what the corpus is called in messages; by default the path of its first file.
    """

    def __init__(self, paths: Sequence[Path], columns: Columns | None = None, name: str = "") -> None:
        super().__init__(name or str(paths[0]))
        self.paths = list(paths)
        self.columns = columns or Columns()
        said: set[str] = set()

        @lru_cache(maxsize=_OPEN)
        def opened(number: int) -> tuple[RowSource, RecordReader]:
            path = self.paths[number]
            return open_rows(path, self.columns), RecordReader(path, self.columns, DOCUMENTS, said)

        self._opened = opened
        self._opened(0)
        self._fingerprint = ""

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        counter = count(1)
        for number in range(len(self.paths)):
            source, reader = self._opened(number)
            for row, place in zip(source.rows(), counter, strict=False):
                yield number << _BITS | row.locator, row.line, _document(row, reader, place)

    def _fetch(self, locator: int) -> Document:
        source, reader = self._opened(locator >> _BITS)
        # Locators rise from row to row, from file to file.
        number = int(np.searchsorted(self._index(), locator)) + 1 if self.columns.id == ROW_NUMBER else 0
        return _document(source.fetch(locator & _INSIDE), reader, number)

    def _file_of(self, locator: int) -> str:
        return str(self.paths[locator >> _BITS])

    def _id_hint(self) -> str:
        """Another column that has every value once, among the first rows."""
        row, reader = self._first_row()
        if row is None:
            return ""
        columns = reader.columns_of(row.values, row.line)
        values: dict[str, set[str]] = {
            name: set() for name in row.values if name not in (columns.id, columns.title, columns.text)
        }
        rows = (row.values for number in range(len(self.paths)) for row in self._opened(number)[0].rows())
        for seen, others in enumerate(islice(rows, _LOOKED_AT), start=1):
            for name in list(values):
                value = others.get(name)
                if isinstance(value, (str, int)) and value != "":
                    values[name].add(str(value))
                if len(values[name]) < seen:
                    del values[name]
        likely = sorted(values, key=lambda name: not normal(name).endswith(("id", "no", "key", "url", "number")))
        if not likely:
            says = f"leave repeated rows out, or take the number of the row as its id: {self.name}?id={ROW_NUMBER}"
            return f"no other column than {columns.id!r} has every value once: {says}"
        return f"{likely[0]!r} has every value once: {spec_with(self.name, 'id', likely[0])}"

    def _none_hint(self) -> str:
        empty = not any(path.stat().st_size for path in self.paths)
        return "the file is empty: was it downloaded, or written, to its end?" if empty else ""

    def fingerprint(self) -> str:
        """SHA-256 of the files, with the columns that are read and how, where the spec or a rule says that."""
        if not self._fingerprint:
            columns = self.columns
            row, reader = self._first_row()
            if len(self.paths) == 1:
                digest = file_hash(self.paths[0])
            else:
                folder = Path(self.name)
                digest = digest_of(folder, (path.relative_to(folder).as_posix() for path in self.paths)).hexdigest()
            how = (columns.dialect, self._opened(0)[0].reading, reader.reading(row.values, row.line) if row else "")
            self._fingerprint = ":".join([digest, columns.id, columns.title, columns.text, *filter(None, how)])
        return self._fingerprint

    def _first_row(self) -> tuple[Row | None, RecordReader]:
        source, reader = self._opened(0)
        return next(iter(source.rows()), None), reader


def _document(row: Row, reader: RecordReader, number: int) -> Document:
    doc_id, title, text = reader.read(row.values, row.line, number)
    return Document(doc_id, text, title)

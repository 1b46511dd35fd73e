"""CSV and TSV; the locator is the byte offset at which the record starts.

CSV has a header and may quote. TSV is as this field writes it: never quoted, and either with a
header (told by a usual or chosen column name) or, as InPars v1 has it, `id <tab> text`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from inpars.data.columns import DOCUMENT_IDS, DOCUMENT_TEXTS, QUERY_IDS, QUERY_TEXTS
from inpars.data.files import decode, read_lines
from inpars.data.formats import Row
from inpars.data.formats.spool import SeekableLines
from inpars.errors import InputError

# A document may be longer than the csv module's default limit of 128 KiB a field.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

_HEADER_WORDS = {*DOCUMENT_IDS, *DOCUMENT_TEXTS, *QUERY_IDS, *QUERY_TEXTS}
_POSITIONAL = {2: ("id", "text"), 3: ("id", "title", "text")}


class DelimitedRows:
    """Rows of a delimited file; the two formats differ in three class attributes."""

    delimiter: str
    quoting: int
    header_required: bool

    def __init__(self, path: Path, columns: Collection[str] = ()) -> None:
        self.path = path
        self._header_words = {*_HEADER_WORDS, *columns}
        self._seekable = SeekableLines(path)
        self._columns: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row]:
        """Stream every record; `InputError` where one has more or fewer values than there are columns."""
        lines = _Lines(self.path)
        reader = csv.reader(lines, delimiter=self.delimiter, quoting=self.quoting, strict=True)  # type: ignore[arg-type]
        first = True
        while True:
            locator, line = lines.offset, lines.number + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputError(self.path, line=line, expected="a well-formed record", found=str(error)) from None
            if not any(value.strip() for value in values):
                continue
            if first:
                first = False
                self._columns, is_header = self._read_columns(line, values)
                if is_header:
                    continue
            yield Row(locator, line, self._named(line, values))

    def fetch(self, locator: int) -> Row:
        """The record that starts at byte offset `locator`, after `rows` has seen the columns."""
        stream = self._seekable.at(locator)
        lines = _decoded(stream, self.path, first=locator == 0)
        values = next(csv.reader(lines, delimiter=self.delimiter, quoting=self.quoting, strict=True))  # type: ignore[arg-type]
        return Row(locator, 0, self._named(0, values))

    def _read_columns(self, line: int, values: list[str]) -> tuple[tuple[str, ...], bool]:
        names = tuple(value.strip() for value in values)
        if self.header_required or self._header_words & {*names, *map(str.lower, names)}:
            return names, True
        if len(names) not in _POSITIONAL:
            raise InputError(
                self.path,
                line=line,
                expected="a header line, or id <tab> text, or id <tab> title <tab> text",
                found=f"{len(names)} columns",
            )
        return _POSITIONAL[len(names)], False

    def _named(self, line: int, values: list[str]) -> dict[str, str]:
        if len(values) != len(self._columns):
            raise InputError(
                self.path,
                line=line or None,
                expected=f"{len(self._columns)} values ({', '.join(self._columns)})",
                found=f"{len(values)}",
            )
        return dict(zip(self._columns, values, strict=True))


class CsvRows(DelimitedRows):
    """Comma-separated, quoted where needed, with a header."""

    delimiter = ","
    quoting = csv.QUOTE_MINIMAL
    header_required = True


class TsvRows(DelimitedRows):
    """Tab-separated, never quoted, with or without a header."""

    delimiter = "\t"
    quoting = csv.QUOTE_NONE
    header_required = False


class _Lines:
    """Decoded lines, with the offset and number of what has been handed out so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.number = 0
        self._lines = read_lines(path)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.number, start, line = next(self._lines)
        self.offset = start + len(line)
        return decode(self.path, self.number, line)


def _decoded(stream: IO[bytes], path: Path, first: bool) -> Iterator[str]:
    for line in stream:
        yield decode(path, 1 if first else 0, line)
        first = False

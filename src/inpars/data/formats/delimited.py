"""CSV and TSV; the locator is the byte offset at which the record starts.

CSV has a header and may quote, and is divided by `,`, `;`, `|` or tabs. TSV is as this field writes it: never quoted,
unless it shows that it is, and either with a header (known by usual or chosen names) or without one, as InPars v1
has it (`id <tab> text`) and MS MARCO's documents (`docid <tab> url <tab> title <tab> body`).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO

from inpars.data.columns import ROW_NUMBER, Columns
from inpars.data.contents import web_page
from inpars.data.fields import DOCUMENTS, MSMARCO_DOCUMENTS, QUERIES, TELLING, Kind, is_header, normal, usual_names
from inpars.data.files import decode, read_head, read_lines
from inpars.data.formats import Row
from inpars.data.formats.dialect import Dialect, dialect_of
from inpars.data.formats.spool import SeekableLines
from inpars.errors import InputError, OptionError, shorten

# A document may be longer than the csv module's default limit of 128 KiB a field.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

_HEAD = 1 << 20
_URLS = ("http://", "https://")


class DelimitedRows:
    """Rows of a delimited file; the two formats differ in the dialect that they usually have."""

    usual: Dialect
    has_header: bool
    """Whether the first record is always a header; else it shows whether it is one."""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        self.path, self.spec, self.kind = path, columns, kind
        self._seekable = SeekableLines(path)
        self._columns: tuple[str, ...] = ()

    @property
    def reading(self) -> str:
        """Quoted TSV was once read with its quotation marks."""
        return "quoted" if self._dialect.quoting != self.usual.quoting else ""

    def rows(self) -> Iterator[Row]:
        """Stream every record; `InputError` where one has more or fewer values than there are columns."""
        lines = _Lines(self.path)
        reader = self._reader(lines)
        first, skip = True, self._dialect.sep_line
        while True:
            locator, line = lines.offset, lines.number + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                hint = "" if self.spec.quote is not None else _QUOTE_HINT.format(path=self.path)
                expected = "a well-formed record"
                raise InputError(self.path, line=line, expected=expected, found=str(error), hint=hint) from None
            if not any(value.strip() for value in values):
                continue
            if skip:
                skip = False
                continue
            if first:
                first = False
                self._columns, header = self._read_columns(line, values)
                if header:
                    continue
            yield Row(locator, line, self._named(line, values))

    def fetch(self, locator: int) -> Row:
        """The record that starts at byte offset `locator`."""
        if not self._columns:
            next(self.rows())
        stream = self._seekable.at(locator)
        values = next(self._reader(_decoded(stream, self.path, first=locator == 0)))
        return Row(locator, 0, self._named(0, values))

    @cached_property
    def _dialect(self) -> Dialect:
        head = read_head(self.path, _HEAD)
        if content := web_page(head):
            raise InputError(self.path, expected="a table", found=content.found, hint=content.hint)
        text = head.decode("utf-8", errors="replace")
        return dialect_of(text, len(head) == _HEAD, self.usual, self._known, self.spec.separator, self.spec.quote)

    def _reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        delimiter, quoting, _ = self._dialect
        return csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]

    def _known(self, names: list[str]) -> int:
        """How many of these are names of columns that are looked for."""
        wanted = {*usual_names(self.kind), *map(normal, self.spec.chosen)}
        return sum(normal(name) in wanted for name in names)

    def _read_columns(self, line: int, values: list[str]) -> tuple[tuple[str, ...], bool]:
        """The columns' names, and whether the record is a header that gives them."""
        names = tuple(value.strip() for value in values)
        numbers = [name for name in self.spec.chosen if name.isdecimal()]
        if self.spec.header is not False and all(number in names for number in numbers):
            numbers = []
        alike = {*map(normal, names)}
        told = is_header(names) or any(normal(name) in alike for name in self.spec.chosen if name not in numbers)
        header = self.spec.header
        if header is None and numbers and not told and self.has_header:
            hint = f"say header=no where it is a record, header=yes where it names the columns: {self.path}?header=no&…"
            expected = "to know whether the first line is a header, since columns are named by number"
            raise InputError(self.path, line=line, expected=expected, found=shorten(names), hint=hint)
        if header is None:
            header = told or self.has_header
        if header:
            self._check_header(line, names)
            return self._numbered(line, names, numbers), True
        return self._without_header(line, names, numbers), False

    def _check_header(self, line: int, names: tuple[str, ...]) -> None:
        if len(names) < 2 and self.spec.id != ROW_NUMBER:
            raise self._shapeless(line, names)
        wanted = {*map(normal, self.spec.chosen)} or TELLING
        for name in names:
            if names.count(name) > 1 and normal(name) in wanted:
                raise InputError(
                    self.path,
                    line=line,
                    expected="every column once",
                    found=f"{names.count(name)} columns called {name!r}",
                    hint=f"name the one that you mean by its number, from 1: {self.path}?text={names.index(name) + 1}",
                )

    def _without_header(self, line: int, names: tuple[str, ...], numbers: list[str]) -> tuple[str, ...]:
        count = len(names)
        if self.spec.chosen:
            if named := [name for name in self.spec.chosen if name not in numbers]:
                raise OptionError(
                    f"{self.path}: without a header line there is no column {named[0]!r}",
                    hint=f"name columns by number, from 1: {self.path}?header=no&id=1&text={count}",
                )
            return self._numbered(line, tuple(f"column {number}" for number in range(1, count + 1)), numbers)
        if self.kind is DOCUMENTS and count == len(MSMARCO_DOCUMENTS) and names[1].lower().startswith(_URLS):
            return MSMARCO_DOCUMENTS
        if count not in self.kind.layouts:
            raise self._shapeless(line, names)
        return self.kind.layouts[count]

    def _numbered(self, line: int, names: tuple[str, ...], numbers: list[str]) -> tuple[str, ...]:
        """The names, with a number in the place of those that are chosen by their number."""
        columns = list(names)
        for number in numbers:
            if not 0 < int(number) <= len(names):
                expected = f"a column {number}, as the spec says"
                raise InputError(
                    self.path, line=line, expected=expected, found=f"{len(names)} columns: {shorten(names)}"
                )
            columns[int(number) - 1] = number
        return tuple(columns)

    def _shapeless(self, line: int, names: tuple[str, ...]) -> InputError:
        shapes = ", or ".join(" <tab> ".join(layout) for layout in self.kind.layouts.values())
        found = f"{len(names)} column{'s' if names[1:] else ''}: {shorten(names)}"
        if names[1:]:
            text = 2 if self.kind is QUERIES else len(names)
            hint = f"name its columns by number, from 1: {self.path}?header=no&id=1&text={text}"
        else:
            hint = f"name what divides the columns: {self.path}?sep=; (or tab, or any character)"
        expected = f"a header line, or {shapes}" if not self.has_header else "a header line"
        return InputError(self.path, line=line, expected=expected, found=found, hint=hint)

    def _named(self, line: int, values: list[str]) -> dict[str, str]:
        if len(values) != len(self._columns):
            quoted = self._dialect.quoting != csv.QUOTE_NONE
            raise InputError(
                self.path,
                line=line or None,
                expected=f"{len(self._columns)} values ({', '.join(self._columns)})",
                found=f"{len(values)}",
                hint="" if quoted or self.spec.quote is not None else _QUOTE_HINT.format(path=self.path),
            )
        return dict(zip(self._columns, values, strict=True))


_QUOTE_HINT = "are values in quotation marks, as Excel and pandas write them? {path}?quote=yes, or quote=no"


class CsvRows(DelimitedRows):
    """Comma-separated (or by `;`, `|`, tabs), quoted where needed, with a header."""

    usual = Dialect(",", csv.QUOTE_MINIMAL)
    has_header = True


class TsvRows(DelimitedRows):
    """Tab-separated, seldom quoted, with or without a header."""

    usual = Dialect("\t", csv.QUOTE_NONE)
    has_header = False


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

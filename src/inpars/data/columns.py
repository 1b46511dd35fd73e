"""Which column of a row is the id, the title, the text; and what to say where that is not clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote_plus

from inpars.data.fields import DOCUMENTS, QUERIES, Kind, Tiers, first_names, has_text, mistaken_for, normal
from inpars.data.files import format_suffix
from inpars.errors import InputError, OptionError, shorten
from inpars.progress import say

_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_YES_NO = {"yes": True, "no": False, "": None}
ROW_NUMBER = "#"
"""The name that a spec gives for the id where rows have none: it is the row's number, from 1."""
SPEC_OPTIONS = (
    "a spec takes ?id=COLUMN&title=COLUMN&text=COLUMN, and for CSV and TSV sep=CHARACTER (or tab), header=yes or no, "
    "quote=yes or no"
)


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read, and how a table is written. What is empty or None is to be recognised."""

    id: str = ""
    title: str = ""
    text: str = ""
    separator: str = field(default="", repr=False)
    header: bool | None = field(default=None, repr=False)
    quote: bool | None = field(default=None, repr=False)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of columns that are not left open."""
        return tuple(name for name in (self.id, self.title, self.text) if name not in ("", ROW_NUMBER))

    @property
    def dialect(self) -> str:
        """How the table is written, as far as the spec says; empty where it leaves all of it open."""
        said = {"sep": self.separator, "header": self.header, "quote": self.quote}
        return ",".join(f"{name}={value}" for name, value in said.items() if value not in ("", None))

    def read_id(self, row: Mapping[str, Any], path: Path, line: int) -> str:
        """The id in the column `id`, as a string; numbers are taken as they are written."""
        value = _single(_value(row, self.id, path, line))
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        expected = f"a string or a whole number as id in {self.id!r}"
        raise InputError(path, line=line or None, expected=expected, found=shorten(value))

    def read_title(self, row: Mapping[str, Any], path: Path, line: int) -> str:
        """The title in the column `title`, or an empty string for null and where no column is named."""
        value = _single(_value(row, self.title, path, line)) if self.title else None
        return "" if value is None else _string(value, self.title, path, line)

    def read_text(self, row: Mapping[str, Any], path: Path, line: int) -> str:
        """The text in the column `text`, empty or not but there; of several strings, one below the other."""
        value = _value(row, self.text, path, line)
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            return "\n".join(part.rstrip("\n") for part in value)
        return _string(value, self.text, path, line)


class OtherKind(InputError):
    """Rows of another kind than was asked for: queries for documents, judgments for queries, and so on."""


class Record(NamedTuple):
    """What is read of a row."""

    id: str
    title: str
    text: str


class RecordReader:
    """Reads id, title and text out of the rows of one source.

    A column that the spec names is taken, whatever its case; inside an object a name goes on behind a dot. Else the
    usual ones are, in this order: those of a published format (`Kind.formats`); then a name of an earlier tier before
    one of a later one, which is said once. Two columns of one tier that differ are an `InputError`, as is none.
    """

    def __init__(self, path: Path, columns: Columns, kind: Kind, said: set[str] | None = None) -> None:
        """`said` holds what was said already, for readers of files that belong together."""
        self.path, self.columns, self.kind = path, columns, kind
        self._found: dict[tuple[str, ...], Columns] = {}
        self._said = set() if said is None else said

    def read(self, row: Mapping[str, Any], line: int, number: int) -> Record:
        """The record in a row, the `number`th from 1; `line` is 0 where it is not known."""
        row = _without_envelope(row)
        if (columns := self._found.get(names := tuple(row))) is None:
            columns, same = self._columns_of(row, line)
            if same:
                self._found[names] = columns
        path = self.path
        title = columns.read_title(row, path, line)
        numbered = columns.id == ROW_NUMBER and ROW_NUMBER not in row
        doc_id = str(number) if numbered else columns.read_id(row, path, line)
        # A document without a text may have a title; a query has nothing else.
        empty = self.kind is DOCUMENTS and row.get(columns.text, "") is None
        return Record(doc_id, title, "" if empty else columns.read_text(row, path, line))

    def columns_of(self, row: Mapping[str, Any], line: int) -> Columns:
        """The columns that are read in a row like this one; the title's name is empty where it has none."""
        return self._columns_of(_without_envelope(row), line)[0]

    def reading(self, row: Mapping[str, Any], line: int) -> str:
        """The columns that are read of a row, where others were once read of such a one; else empty."""
        columns = self.columns_of(row, line)
        chosen = (getattr(self.columns, part) for part in _PARTS)
        once = tuple(name or first for name, first in zip(chosen, first_names(row), strict=True))
        names = tuple(getattr(columns, part) for part in _PARTS)
        return "" if names == once else ":".join(names)

    def _columns_of(self, row: Mapping[str, Any], line: int) -> tuple[Columns, bool]:
        """The columns, and whether they are those of every row with the same names."""
        by_name: dict[str, list[str]] = {}
        for name in row:
            by_name.setdefault(normal(name), []).append(name)
        kind = self.kind
        self._refuse_other_kinds(row, line, by_name)
        found = {part: _as_written(row, by_name, getattr(self.columns, part)) for part in _PARTS}
        for names in kind.formats:
            pair = [by_name[name][0] for name in names if len(by_name.get(name, ())) == 1]
            if len(pair) == 2 and found["id"] in ("", pair[0]) and found["text"] in ("", pair[1]):
                found |= {"id": pair[0], "text": pair[1]}
                break
        # Of a query with a title and a text it counts whether both are filled.
        same = kind is not QUERIES or not {"title", "text"} <= by_name.keys()
        for part, tiers in zip(_PARTS, (kind.ids, kind.titles, kind.texts), strict=True):
            if not found[part]:
                found[part], alone = self._choose(part, row, line, by_name, tiers)
                same = same and alone
        return Columns(found["id"], found["title"], found["text"]), same

    def _choose(
        self, part: str, row: Mapping[str, Any], line: int, by_name: Mapping[str, list[str]], tiers: Tiers
    ) -> tuple[str, bool]:
        found = [[written for name in tier for written in by_name.get(name, ())] for tier in tiers]
        first = next(filter(None, found), [])
        if not first:
            if part == "title":
                return "", True
            raise self._missing(part, row, line, tiers)
        alone = len(first) == 1
        first = [name for name in first if row[name] not in (None, "")] or first
        if len({str(row[name]) for name in first}) > 1:
            shown = " and ".join(f"{name!r} ({shorten(row[name], 30)})" for name in first)
            says = " or ".join(spec_with(self.path, part, name) for name in first)
            expected = f"one column that may be the {part}"
            raise self._error(line, expected, f"{len(first)}: {shown}", f"say which: {says}")
        said = [name for tier in found for name in tier if row[name] not in (None, "")]
        others = [name for name in said if str(row[name]) != str(row[first[0]])]
        if others and part != "title" and normal(first[0]) != "_id":
            self._say(part, first[0], others)
        return first[0], alone

    def _say(self, part: str, name: str, others: Sequence[str]) -> None:
        if part not in self._said:
            self._said.add(part)
            more = ", ".join(map(repr, others))
            other = spec_with(self.path, part, others[0])
            say(f"{self.path}: the {part} is read from {name!r}, not from {more} (to read that instead: {other})")

    def _refuse_other_kinds(self, row: Mapping[str, Any], line: int, by_name: Mapping[str, list[str]]) -> None:
        if self.columns.id and self.columns.text:
            return
        kind = self.kind
        if kind is DOCUMENTS and "log_probs" in by_name and (other := mistaken_for(row, kind)):
            raise OtherKind(self.path, line=line or None, expected="a document", found=_names(row), hint=other)
        title, text = (row[by_name[name][0]] if name in by_name else "" for name in ("title", "text"))
        if kind is QUERIES and not self.columns.text and title and text and title != text:
            hint = f"if they are queries, say which column: {self.path}?text=text or {self.path}?text=title"
            raise self._error(line, "a query", "a title and a text, as documents have", hint)

    def _missing(self, part: str, row: Mapping[str, Any], line: int, tiers: Tiers) -> InputError:
        usual = ", ".join([name for tier in tiers for name in tier][:_NAMED])
        spec = f"name your columns in the spec: {self.path}?id=COLUMN&text=COLUMN"
        spec += "&title=COLUMN" if self.kind.titles else ""
        if format_suffix(self.path) in (".csv", ".tsv", ".tab"):
            spec += f"; where there is no header line, by number: {self.path}?header=no&id=1&text=2"
        other = mistaken_for(row, self.kind)
        error = OtherKind if other else InputError
        expected = f"a field with {'an id' if part == 'id' else f'a {part}'}: {usual}, …"
        rows = ""
        if part == "id" and not other and (self.columns.text or has_text(row)):
            rows = f"to take the number of the row as its id: {self.path}?id={ROW_NUMBER}"
        hint = "; ".join(filter(None, (other, rows, spec)))
        return error(self.path, line=line or None, expected=expected, found=_names(row), hint=hint)

    def _error(self, line: int, expected: str, found: str, hint: str) -> InputError:
        return InputError(self.path, line=line or None, expected=expected, found=found, hint=hint)


_PARTS = ("id", "title", "text")
_NAMED = 6


def _without_envelope(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of an Elasticsearch dump has its fields in `_source`."""
    source = row.get("_source")
    return {**source, **row} if isinstance(source, Mapping) else row


def _as_written(row: Mapping[str, Any], by_name: Mapping[str, list[str]], name: str) -> str:
    """The column that a spec means: the name as it is, else the one that differs only in case."""
    alike = by_name.get(normal(name), ())
    return alike[0] if name and name not in row and len(alike) == 1 else name


def _value(row: Mapping[str, Any], name: str, path: Path, line: int) -> Any:
    if name in row:
        return row[name]
    value: Any = row
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            raise InputError(path, line=line or None, expected=f"a field {name!r}", found=_names(row))
        value = value[step]
    return value


def _single(value: Any) -> Any:
    """The one value of a list of one, as Solr gives a field that may have several."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _string(value: Any, name: str, path: Path, line: int) -> str:
    if not isinstance(value, str):
        raise InputError(path, line=line or None, expected=f"a string in {name!r}", found=shorten(value))
    return value


def _names(row: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, row)) or "no fields"


def spec_with(path: Path | str, part: str, name: str) -> str:
    """A spec that names a column, as it is typed."""
    return f"{path}?{part}={quote_plus(name)}"


def split_columns(spec: str) -> tuple[str, Columns]:
    """Split `docs.csv?id=pmid&text=abstract` into the path and what it says of the columns."""
    path, mark, options = spec.partition("?")
    if not mark or Path(spec).exists():
        return spec, Columns()
    chosen = dict(parse_qsl(options, keep_blank_values=True))
    if unknown := set(chosen) - {*_PARTS, "sep", "header", "quote"}:
        raise OptionError(f"{spec}: unknown column option {', '.join(sorted(unknown))}", hint=SPEC_OPTIONS)
    separator = chosen.get("sep", "")
    separator = _SEPARATORS.get(separator.lower(), separator)
    if len(separator) > 1 or separator in ("\n", "\r", '"'):
        raise OptionError(f"{spec}: sep={separator} is not one character", hint=SPEC_OPTIONS)
    for name in ("header", "quote"):
        if chosen.get(name, "").lower() not in _YES_NO:
            raise OptionError(f"{spec}: {name}={chosen[name]} is neither yes nor no", hint=SPEC_OPTIONS)
    header, quote = (_YES_NO[chosen.get(name, "").lower()] for name in ("header", "quote"))
    id_name, title, text = (chosen.get(part, "") for part in _PARTS)
    return path, Columns(id_name, title, text, separator, header, quote)

"""Which column of a row is the id, the title, the text; and what to say where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from inpars.errors import InputError, OptionError, shorten

DOCUMENT_IDS = ("_id", "doc_id", "id", "docid", "docno", "corpus-id", "pid")
DOCUMENT_TEXTS = ("text", "contents", "body", "abstract", "passage", "doc_text")
QUERY_IDS = ("_id", "query_id", "query-id", "id", "qid", "topic_id")
QUERY_TEXTS = ("text", "query", "question", "title")


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read. An empty name means the first usual one that the row has."""

    id: str = ""
    title: str = ""
    text: str = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names that are not left open."""
        return tuple(filter(None, (self.id, self.title, self.text)))

    def read_id(self, row: Mapping[str, Any], path: Path, line: int, usual: tuple[str, ...]) -> str:
        """The id as a string; numbers are taken as they are written."""
        name, value = self._value(row, path, line, self.id, usual, "an id")
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise InputError(
            path, line=line or None, expected=f"a string or a whole number as id in {name!r}", found=shorten(value)
        )

    def read_text(self, row: Mapping[str, Any], path: Path, line: int, usual: tuple[str, ...]) -> str:
        """The text, which may be empty but not missing."""
        name, value = self._value(row, path, line, self.text, usual, "a text")
        if not isinstance(value, str):
            raise InputError(path, line=line or None, expected=f"a string in {name!r}", found=shorten(value))
        return value

    def read_title(self, row: Mapping[str, Any], path: Path, line: int) -> str:
        """The title, or an empty string where the row has none."""
        if self.title and self.title not in row:
            self._missing(row, path, line, self.title)
        value = row.get(self.title or "title")
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InputError(
                path, line=line or None, expected=f"a string in {self.title or 'title'!r}", found=shorten(value)
            )
        return value

    def _value(
        self, row: Mapping[str, Any], path: Path, line: int, chosen: str, usual: tuple[str, ...], what: str
    ) -> tuple[str, Any]:
        if chosen:
            if chosen not in row:
                self._missing(row, path, line, chosen)
            return chosen, row[chosen]
        for name in usual:
            if name in row:
                return name, row[name]
        found = ", ".join(map(repr, row)) or "no fields"
        raise InputError(
            path,
            line=line or None,
            expected=f"a field with {what}: {', '.join(usual)}",
            found=found,
            hint=f"name your columns in the spec: {path}?id=COLUMN&text=COLUMN&title=COLUMN",
        )

    def _missing(self, row: Mapping[str, Any], path: Path, line: int, name: str) -> None:
        raise InputError(
            path, line=line or None, expected=f"a field {name!r}", found=", ".join(map(repr, row)) or "no fields"
        )


def split_columns(spec: str) -> tuple[str, Columns]:
    """Split `docs.csv?id=pmid&text=abstract` into the path and its columns."""
    path, mark, options = spec.partition("?")
    if not mark or Path(spec).exists():
        return spec, Columns()
    chosen = dict(parse_qsl(options, keep_blank_values=True))
    if unknown := set(chosen) - set(Columns.__dataclass_fields__):
        raise OptionError(
            f"{spec}: unknown column option {', '.join(sorted(unknown))}",
            hint="a spec takes ?id=COLUMN&title=COLUMN&text=COLUMN",
        )
    return path, Columns(**chosen)

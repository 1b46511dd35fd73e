"""Files as rows of named values: one module a format, all with the same two methods.

A source's `rows()` streams `Row`s; its `fetch(locator)` goes back to one of them. A locator is a
single integer (a byte offset, or a row number), so that an index over millions of rows stays small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from inpars.data.columns import Columns
from inpars.data.fields import DOCUMENTS, Kind
from inpars.data.files import format_suffix
from inpars.data.paths import require_file
from inpars.errors import OptionError
from inpars.registry import Registry


class Row(NamedTuple):
    """One record: where to find it again, its line (or row) number from 1, its values by column."""

    locator: int
    line: int
    values: Mapping[str, Any]


class RowSource(Protocol):
    """What a format offers."""

    path: Path
    reading: str
    """How it was found to be written where that was once read in another way; else empty."""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        """`columns` and `kind` tell what a table without a header has in it."""

    def rows(self) -> Iterator[Row]:
        """Stream every record in file order."""
        ...

    def fetch(self, locator: int) -> Row:
        """Read one record again."""
        ...


FORMATS: Registry[type[RowSource]] = Registry(
    "file format",
    {
        ".jsonl": "inpars.data.formats.jsonl:JsonlRows",
        ".ndjson": "inpars.data.formats.jsonl:JsonlRows",
        ".csv": "inpars.data.formats.delimited:CsvRows",
        ".tsv": "inpars.data.formats.delimited:TsvRows",
        ".parquet": "inpars.data.formats.parquet:ParquetRows",
        ".json": "inpars.data.formats.json:JsonRows",
        ".jl": "inpars.data.formats.jsonl:JsonlRows",
        ".tab": "inpars.data.formats.delimited:TsvRows",
        ".arrow": "inpars.data.formats.arrow:ArrowRows",
        ".feather": "inpars.data.formats.arrow:ArrowRows",
    },
)


def open_rows(path: str | Path, columns: Columns | None = None, kind: Kind = DOCUMENTS) -> RowSource:
    """The row source for a file, by its suffix, or by its content where the suffix says nothing.

    `InputError` for no file and for one of an unknown format, `OptionError` for a separator and the like where there
    are none.
    """
    path, columns = Path(path), columns or Columns()
    require_file(path)
    suffix = format_suffix(path)
    if suffix in FORMATS:
        source = FORMATS[suffix]
    else:
        from inpars.data.formats.recognise import recognise

        source = recognise(path)
    if columns.dialect and not hasattr(source, "usual"):
        raise OptionError(f"{path}: only CSV and TSV have sep, header and quote", hint="leave them out of the spec")
    return source(path, columns, kind)

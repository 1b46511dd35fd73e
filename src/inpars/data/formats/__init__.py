"""Files as rows of named values: one module a format, all with the same two methods.

A source's `rows()` streams `Row`s; its `fetch(locator)` goes back to one of them. A locator is a
single integer (a byte offset, or a row number), so that an index over millions of rows stays small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from inpars.data.files import COMPRESSIONS, format_suffix
from inpars.data.paths import require_file
from inpars.errors import InputError
from inpars.registry import Registry


class Row(NamedTuple):
    """One record: where to find it again, its line (or row) number from 1, its values by column."""

    locator: int
    line: int
    values: Mapping[str, Any]


class RowSource(Protocol):
    """What a format offers."""

    path: Path

    def __init__(self, path: Path, columns: Collection[str]) -> None:
        """`columns` are the names that the caller has chosen, if any: a header may be told by them."""

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
    },
)


def open_rows(path: str | Path, columns: Collection[str] = ()) -> RowSource:
    """The row source for a file, by its suffix; `InputError` for no file or an unknown format."""
    path = Path(path)
    require_file(path)
    suffix = format_suffix(path)
    if suffix not in FORMATS:
        raise InputError(
            path,
            expected=f"a file that ends in {', '.join(FORMATS)} (and {' or '.join(COMPRESSIONS)})",
            found=f"the ending {suffix!r}",
        )
    return FORMATS[suffix](path, columns)

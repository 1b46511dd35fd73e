"""JSON Lines: one object a line; the locator is the line's byte offset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inpars.data.columns import Columns
from inpars.data.fields import Kind
from inpars.data.files import parse_json_object, read_lines
from inpars.data.formats import Row
from inpars.data.formats.spool import SeekableLines


class JsonlRows:
    """The objects of a `.jsonl` file. Blank lines are passed over."""

    reading = ""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        self.path = path
        self._seekable = SeekableLines(path)

    def rows(self) -> Iterator[Row]:
        """Stream every object; `InputError` at the first line that is not one."""
        for number, offset, line in read_lines(self.path):
            if line.strip():
                yield Row(offset, number, parse_json_object(self.path, number, line))

    def fetch(self, locator: int) -> Row:
        """The object at byte offset `locator`; its line number is not known, and is 0."""
        line = self._seekable.at(locator).readline()
        return Row(locator, 0, parse_json_object(self.path, 1 if locator == 0 else 0, line))

"""JSON: a list of objects, or an object that holds one; the locator is the row number from 0."""

from __future__ import annotations

import codecs
import json
import re
import weakref
from array import array
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from inpars.data.columns import Columns
from inpars.data.contents import HEAD, encoding_hint, web_page
from inpars.data.fields import Kind, has_text, is_header
from inpars.data.files import open_text, parse_json_object, read_head, read_lines
from inpars.data.formats import Row
from inpars.data.formats.jsonl import JsonlRows
from inpars.data.formats.spool import open_spool
from inpars.data.surrogates import may_be_broken, mended
from inpars.errors import InputError, shorten

_BLOCK = 1 << 20
_GAP = re.compile(r"[\s,]*")
# Python and pandas write NaN and Infinity, though JSON has no such numbers.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


class JsonRows:
    """The objects of a `.json` file: of a list, of JSON lines, or of the one list that an object holds.

    An object of objects is read as rows by id, one of strings as texts by id, and an object that names its own id and
    text is a row itself. A list is streamed; an object is read as a whole.
    """

    reading = ""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        self.path = path
        self._lines = JsonlRows(path, columns, kind) if _is_jsonl(path) else None
        self._spool: IO[bytes] | None = None
        self._offsets = array("q")

    def rows(self) -> Iterator[Row]:
        """Stream every object; `InputError` at the first value that is not one."""
        if self._lines:
            yield from self._lines.rows()
            return
        for number, (line, value) in enumerate(_objects(self.path)):
            if not isinstance(value, dict):
                raise InputError(self.path, line=line, expected="one JSON object", found=shorten(value))
            yield Row(number, line, value)

    def fetch(self, locator: int) -> Row:
        """Object `locator`, out of a temporary file; its line number is not known, and is 0."""
        if self._lines:
            return self._lines.fetch(locator)
        if self._spool is None:
            self._spool = open_spool()
            weakref.finalize(self, self._spool.close)
            for row in self.rows():
                self._offsets.append(self._spool.tell())
                # orjson has no whole numbers above 64 bits, which an id may be.
                self._spool.write(json.dumps(row.values).encode() + b"\n")
        self._spool.seek(self._offsets[locator])
        return Row(locator, 0, json.loads(self._spool.readline()))


def _is_jsonl(path: Path) -> bool:
    """Whether the first line is an object, and another one begins in the next."""
    if not read_head(path, HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    lines = ((number, line) for number, _, line in read_lines(path) if line.strip(b"\xef\xbb\xbf \t\r\n"))
    first, second = (next(lines, (0, b"")) for _ in range(2))
    if not second[1].lstrip().startswith(b"{"):
        return False
    try:
        parse_json_object(path, *first)
    except InputError:
        return False
    return True


def _objects(path: Path) -> Iterator[tuple[int, Any]]:
    """`(line or row number, value)` of every row."""
    with open_text(path) as stream:
        text = codecs.getreader("utf-8-sig")(stream)
        try:
            buffer = text.read(_BLOCK)
            if content := web_page(buffer[:HEAD].encode()):
                raise InputError(path, expected="JSON", found=content.found, hint=content.hint)
            if not buffer.strip():
                return
            if buffer.lstrip().startswith("["):
                yield from _listed(path, text, buffer)
            else:
                yield from enumerate(_held(path, _whole(path, buffer + text.read())), start=1)
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start : error.start + 1].hex()}"
            hint = encoding_hint(path, error.object[:512])
            raise InputError(path, expected="UTF-8 text", found=found, hint=hint) from None


def _listed(path: Path, text: codecs.StreamReader, buffer: str) -> Iterator[tuple[int, Any]]:
    """`(line, value)` of a list's values, whose beginning is in `buffer`."""
    place, line = buffer.index("[") + 1, 1 + buffer.count("\n", 0, buffer.index("["))
    while True:
        begin = _GAP.match(buffer, place).end()  # type: ignore[union-attr]
        line += buffer.count("\n", place, begin)
        place = begin
        if buffer[place : place + 1] == "]":
            return
        try:
            value, place = _DECODER.raw_decode(buffer, begin)
        except (json.JSONDecodeError, RecursionError) as error:
            # What is cut off goes on in the next block; as much again is read, lest a long value be tried too often.
            more = text.read(max(_BLOCK, len(buffer)))
            if not more:
                why = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
                rest = buffer[begin:].strip()
                found = f"{shorten(rest)} ({why})" if rest else "the end of the file"
                raise InputError(path, line=line, expected="one JSON object, or ']'", found=found) from None
            buffer, place = buffer[begin:] + more, 0
            continue
        yield line, mended(value) if may_be_broken(buffer[begin:place]) else value
        line += buffer.count("\n", begin, place)


def _whole(path: Path, data: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(data)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        expected = "JSON: a list of objects, an object that holds one, or an object a line"
        raise InputError(path, line=line, expected=expected, found=str(error)) from None
    if not isinstance(value, dict):
        raise InputError(path, expected="a JSON list or object", found=shorten(value))
    return dict(mended(value)) if may_be_broken(data) else value


def _held(path: Path, whole: dict[str, Any]) -> Iterator[Any]:
    """The rows that an object holds."""
    values = list(whole.values())
    by_id = bool(values) and all(isinstance(value, dict) for value in values)
    if by_id and all(map(has_text, values)):
        return ({"_id": name} | value for name, value in whole.items())
    lists = list(_lists(whole, ""))
    if len(lists) > 1:
        names = ", ".join(name for name, _ in lists)
        hint = f"write one of them to a file of its own: jq -c '{lists[0][0]}[]' {path} > rows.jsonl"
        raise InputError(path, expected="one list of objects", found=f"{len(lists)}: {names}", hint=hint)
    if lists:
        return iter(lists[0][1])
    if by_id:
        return ({"_id": name} | value for name, value in whole.items())
    if values and all(isinstance(value, str) for value in values) and not is_header(whole):
        return ({"_id": name, "text": value} for name, value in whole.items())
    return iter([whole])


def _lists(whole: dict[str, Any], above: str) -> Iterator[tuple[str, list[Any]]]:
    """`(name, list)` of every list of objects, as of Elasticsearch's answers (`.hits.hits`) and Solr's."""
    for name, value in whole.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in islice(value, 100)):
            yield f"{above}.{name}", value
        elif isinstance(value, dict):
            yield from _lists(value, f"{above}.{name}")

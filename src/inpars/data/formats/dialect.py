"""How a table is written: what divides its columns, and whether values are quoted."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import NamedTuple

DELIMITERS = (",", ";", "\t", "|")

_SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Dialect(NamedTuple):
    """What `csv.reader` needs to know. With `sep_line` the first line is Excel's `sep=;`, and no record."""

    delimiter: str
    quoting: int
    sep_line: bool = False


def dialect_of(
    head: str,
    cut: bool,
    usual: Dialect,
    names: Callable[[list[str]], int],
    delimiter: str = "",
    quote: bool | None = None,
) -> Dialect:
    """The dialect of a table that begins with `head`, of which more follows where `cut`.

    `usual` is what its ending says, and what it is taken for unless the head shows another: a delimiter that makes
    more of the first line into known column names, which `names` counts; quoting as Excel and pandas write it, told by
    values that are whole only if they are quoted, or by doubled quotation marks within them, or by a header all in
    quotation marks. `delimiter` and `quote` are what the user has said.
    """
    sep_line = _SEP_LINE.match(head)
    if sep_line:
        head = head[sep_line.end() :]
    if cut:
        head = head[: head.rfind("\n") + 1]
    delimiter = delimiter or (sep_line[1] if sep_line else _delimiter(head, cut, usual, names))
    if quote is None:
        quote = usual.quoting != csv.QUOTE_NONE or _is_quoted(head, cut, delimiter)
    return Dialect(delimiter, csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE, bool(sep_line))


def _delimiter(head: str, cut: bool, usual: Dialect, names: Callable[[list[str]], int]) -> str:
    first = next((line for line in head.splitlines() if line.strip()), "")
    # Where there need be no header, known names may as well be words of a text.
    if usual.delimiter in first and usual.quoting == csv.QUOTE_NONE:
        return usual.delimiter
    order = sorted(DELIMITERS, key=lambda delimiter: delimiter != usual.delimiter)
    known = {delimiter: names(first.split(delimiter)) for delimiter in order if delimiter in first}
    if known and max(known.values()):
        return max(known, key=known.__getitem__)
    # Without a known name: what gives every record as many values.
    even = (delimiter for delimiter in known if len(_widths(head, delimiter, csv.QUOTE_MINIMAL, cut)) == 1)
    return next(even, usual.delimiter)


def _is_quoted(head: str, cut: bool, delimiter: str) -> bool:
    if '"' not in head:
        return False
    plain, quoted = _widths(head, delimiter, csv.QUOTE_NONE, cut), _widths(head, delimiter, csv.QUOTE_MINIMAL, cut)
    if len(quoted) != 1:
        return False
    if len(plain) != 1:
        return True
    values = [line.split(delimiter) for line in head.splitlines() if line.strip()]
    if all(_QUOTED.fullmatch(value.strip("\ufeff")) for value in values[0]):
        return True
    return any(_QUOTED.fullmatch(value) and '""' in value[1:-1] for line in values for value in line)


def _widths(head: str, delimiter: str, quoting: int, cut: bool) -> set[int]:
    """The numbers of values that records have; none where they are no well-formed records."""
    found: set[int] = set()
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]
    try:
        found.update(len(record) for record in reader if any(value.strip() for value in record))
    except csv.Error as error:
        # Where more follows, the last value may go on in it.
        return found if cut and "unexpected end" in str(error) else set()
    return found

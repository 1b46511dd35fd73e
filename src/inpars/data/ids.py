"""Ids that the lines of runs and judgments can hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inpars.errors import InputError, shorten


class Blanks:
    """Counts ids with white space in them, which divides the fields in the lines of runs and judgments."""

    def __init__(self, kind: str) -> None:
        """`kind` is what the ids are of, for the message: "document" or "query"."""
        self.kind = kind
        self.count, self.first, self.line = 0, "", 0

    def see(self, name: str, line: int) -> None:
        """Take in the id that stands in a line."""
        if is_whole(name):
            return
        if not self.count:
            self.first, self.line = name, line
        self.count += 1

    def check(self, path: str | Path) -> None:
        """`InputError` where there were any: how many, and the first."""
        if self.count:
            first = shorten(self.first)
            raise InputError(
                path,
                line=self.line or None,
                expected=f"{self.kind} ids without blanks, since blanks divide the fields of runs and judgments",
                found=first if self.count == 1 else f"{self.count:,} ids with blanks, the first {first}",
                hint="replace the blanks, for example by '_', here and in every file that names these ids",
            )


def check_whole(kind: str, names: Iterable[str], path: str | Path, *, numbered: bool = True) -> None:
    """`InputError` for names with blanks, as `Blanks` tells of them; `numbered` ones stand in lines from 1."""
    blanks = Blanks(kind)
    for number, name in enumerate(names, start=1):
        blanks.see(name, number if numbered else 0)
    blanks.check(path)


def is_whole(name: str) -> bool:
    """Whether an id is one word, without any white space that `str.split` knows."""
    return name.split() == [name]

"""What a file holds, by one of its lines, so that an error can name the file that was meant."""

from __future__ import annotations

import re


def is_number(text: str) -> bool:
    """Whether a field is a number, such as a grade, a rank or a score."""
    return _NUMBER.fullmatch(text) is not None


def is_run_line(fields: list[str]) -> bool:
    """Whether these are the fields of a line of a TREC run; the tag may be missing, or have blanks in it."""
    return len(fields) >= 5 and is_number(fields[3]) and is_number(fields[4])


def is_qrels_line(fields: list[str]) -> bool:
    """Whether these are the fields of a line of TREC judgments."""
    return len(fields) == 4 and (fields[1].upper() == "Q0" or is_number(fields[1])) and is_number(fields[3])


def hint_for(line: str) -> str:
    """A hint that names what `line` looks like, where it is of another kind of file than was asked for."""
    fields = line.split()
    if is_run_line(fields):
        return "this looks like a run: is another file meant?"
    if is_qrels_line(fields):
        return "this looks like judgments: is another file meant?"
    if line.lstrip().startswith("<"):
        return "this looks like TREC topics: is another file meant?"
    if len(columns := line.split("\t")) == 2 and " " in columns[1].strip():
        return "this looks like queries (id <tab> text): is another file meant?"
    return ""


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

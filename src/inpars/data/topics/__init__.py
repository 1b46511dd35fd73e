"""Topics in the forms in which TREC, and others after it, have given them out: one module a form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from inpars.data.columns import Columns
from inpars.data.files import decode, read_lines
from inpars.data.formats import FORMATS
from inpars.data.kinds import hint_for
from inpars.data.records import Query
from inpars.data.topics import json, sgml, xml
from inpars.data.topics.topic import Topic, query_of
from inpars.errors import InputError, OptionError, shorten
from inpars.progress import say

_ENCODING = re.compile(rb"""^\s*<\?xml\s[^>]*encoding=["']([\w.-]+)["']""")
# The Million Query track's 201:tide pools and 20001:1:tide pools, with a priority; Genomics' <200>What …
_IN_A_LINE = (re.compile(r"([\w.-]+):(?:\d:)?\s*(\S.*)"), re.compile(r"<(\d+)>\s*(\S.*)"))


def read_topics(path: Path, columns: Columns) -> Iterator[tuple[int | None, Query]]:
    """Yield `(line, query)` for each topic in a file, by what it holds: XML, SGML, JSON, or a topic a line.

    `columns.text` is the field that is the query; by default the query or title. `InputError` for any other file.
    """
    if columns.id or columns.title:
        raise OptionError(f"{path}: of topics only the field is chosen that is the query", hint=f"{path}?text=FIELD")
    text = _text_of(path)
    rewritten: str | None = None
    for topic in _topics(path, text):
        yield topic.line, query_of(topic, path, columns.text)
        rewritten = rewritten or next((name for name in json.REWRITTEN if name in topic.fields), None)
    if rewritten and not columns.text:
        say(f"{path}: the turns are taken as they were typed; in words of their own they are {path}?text={rewritten}")


def _topics(path: Path, text: str) -> Iterator[Topic]:
    start = text.lstrip()
    if start.startswith(("{", "[")):
        return json.read(path, text)
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    for pattern in _IN_A_LINE:
        if lines and all(pattern.fullmatch(line) for _, line in lines):
            return _in_lines(lines, pattern)
    if sgml.TOPIC.search(text):
        return sgml.read(path, text)
    if start.startswith("<"):
        return xml.read(path, text)
    first = lines[0][1] if lines else ""
    raise InputError(
        path,
        line=1,
        expected="TREC topics (<top>…</top>, or XML), JSON, id <tab> query in each line, "
        f"or a file that ends in {', '.join(FORMATS)}",
        found=shorten(first[:80]),
        hint=hint_for(first),
    )


def _in_lines(lines: list[tuple[int, str]], pattern: re.Pattern[str]) -> Iterator[Topic]:
    for number, line in lines:
        if found := pattern.fullmatch(line):
            yield Topic(number, found[1], {"query": found[2]})


def _text_of(path: Path) -> str:
    """The text of a file: UTF-8, or what an XML declaration names."""
    lines = list(read_lines(path))
    declared = _ENCODING.match(lines[0][2]) if lines else None
    if declared is None:
        return "".join(decode(path, number, line) for number, _, line in lines)
    encoding = declared[1].decode()
    try:
        return b"".join(line for _, _, line in lines).decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise InputError(path, expected=f"text in {encoding}, as its first line says", found=str(error)) from None

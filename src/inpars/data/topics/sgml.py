"""TREC's topics in SGML, `<top> <num> Number: 301 <title> …`, as they have been written since 1992."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from inpars.data.topics.topic import IDS, Topic, plain_name
from inpars.errors import InputError, shorten

TOPIC = re.compile(r"<top(?:\s[^<>]*)?>(.*?)(?=</top\s*>|<top[\s>]|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)(?:\s[^<>]*)?>")
_LABELS = {
    "num": "number",
    "title": "topic|title",
    "description": "description",
    "narrative": "narrative",
    "smry": "summary",
    "dom": "domain",
    "con": r"concepts?|concept\(s\)",
    "fac": r"factors?|factor\(s\)",
}
"""By tag, how a field may begin that repeats its name, as in `<num> Number: 301`."""

_ENTITY = re.compile(r"&(#\d+|#[xX][0-9a-fA-F]+|\w+);")


def read(path: Path, text: str) -> Iterator[Topic]:
    """The topics in a text. A field, closed or not, goes to the next tag; a label that repeats its name is left out.

    `InputError` for a topic without a number, or without any other field.
    """
    for found in TOPIC.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        fields = _fields(found[1])
        number = next((fields[name] for name in IDS if name in fields), "")
        if not number or not any(fields[name] for name in fields if name not in IDS):
            missing = "<title>" if number else "<num>"
            raise InputError(path, line=line, expected=f"{missing} in the topic", found=shorten(found[1].strip()))
        yield Topic(line, number, {name: text for name, text in fields.items() if name not in IDS})


def _fields(topic: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    tags = list(_TAG.finditer(topic))
    for tag, following in zip(tags, [*tags[1:], None], strict=True):
        if tag[1]:
            continue
        written = topic[tag.end() : following.start() if following else None]
        name = plain_name(tag[2])
        if name in _LABELS:
            written = re.sub(rf"^\s*({_LABELS[name]})\s*:", "", written, flags=re.IGNORECASE)
        words = " ".join(_ENTITY.sub(lambda entity: html.unescape(entity[0]), written).split())
        fields[name] = f"{fields[name]} {words}".strip() if name in fields else words
    return fields

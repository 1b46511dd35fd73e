"""A topic with its fields, and which of them is the query."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from inpars.data.records import Query
from inpars.errors import InputError

IDS = ("number", "num", "id", "identifier", "qid", "query_id", "topic_id", "topic", "_id", "turn_id", "question_id")
TEXTS = ("query", "title", "question", "text", "raw_utterance", "utterance", "body", "description", "summary")
_SHORT = {"desc": "description", "narr": "narrative"}


class Topic(NamedTuple):
    """One topic: its line, if that is known, its id, and its fields by name. The name "" is that of its own text."""

    line: int | None
    topic_id: str
    fields: Mapping[str, str]


def plain_name(name: str) -> str:
    """A field's name in small letters, written out: `Desc` is `description`."""
    return _SHORT.get(name.lower(), name.lower())


def query_of(topic: Topic, path: Path, chosen: str) -> Query:
    """The topic as a query: of its field `chosen`, else of the first usual one, its own text, or all its fields.

    The topics of TREC's Precision Medicine, a disease, genes and a patient, are of the last kind.
    `InputError` for a topic without an id or without the field.
    """
    if not topic.topic_id:
        raise InputError(
            path,
            line=topic.line,
            expected="the number of the topic, such as <num> or number=",
            found=", ".join(map(repr, filter(None, topic.fields))) or "no field",
        )
    in_a_language = (name for name in topic.fields if name.endswith("-title"))
    usual = next((name for name in (*TEXTS, *in_a_language, "") if name in topic.fields), None)
    name = plain_name(chosen) if chosen else usual
    if name is None:
        return Query(topic.topic_id, " ".join(filter(None, topic.fields.values())))
    if name not in topic.fields:
        raise InputError(
            path,
            line=topic.line,
            expected=f"a field {chosen!r} in the topic {topic.topic_id!r}",
            found=", ".join(map(repr, filter(None, topic.fields))) or "no field",
        )
    return Query(topic.topic_id, topic.fields[name])

"""Topics in JSON: queries by id, lists of objects, and the conversations of TREC's CAsT and iKAT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from inpars.data.files import parse_json_object
from inpars.data.topics.topic import IDS, TEXTS, Topic, plain_name
from inpars.errors import InputError, shorten

REWRITTEN = (
    *("manual_rewritten_utterance", "resolved_utterance", "automatic_rewritten_utterance"),
    *("rewritten", "rewrite", "truth_rewrite", "rewritten_query"),
)
"""Fields with a turn of a conversation in words that can be understood alone."""

_INNER = ("queries", "topics", "questions", "conversations")
_TURNS = ("turn", "turns")
_NUMBERED = (("conversation_no", "turn_no"), ("quac_dialog_id", "question_no"), ("conversation_id", "turn_id"))


def read(path: Path, text: str) -> Iterator[Topic]:
    """The topics in a text.

    The id of a turn in a conversation is that of the conversation, `_` and its own: `31_1`. What a system said is
    no topic. `InputError` for what is not JSON, and for an entry that is no topic.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        if len(lines) < 2 or not lines[1][1].lstrip().startswith("{"):
            raise InputError(path, line=error.lineno, expected="JSON", found=error.msg) from None
        for number, line in lines:
            yield from _of_entry(path, number, "", parse_json_object(path, number, line.encode()))
        return
    if isinstance(value, dict):
        value = next((value[name] for name in _INNER if isinstance(value.get(name), dict | list)), value)
    if isinstance(value, dict):
        for topic_id, entry in value.items():
            yield from _of_entry(path, None, topic_id, entry)
    else:
        for entry in value if isinstance(value, list) else [value]:
            yield from _of_entry(path, None, "", entry)


def _of_entry(path: Path, line: int | None, topic_id: str, entry: Any) -> Iterator[Topic]:
    if isinstance(entry, str) and topic_id:
        yield Topic(line, topic_id, {"text": entry.strip()})
        return
    if not isinstance(entry, dict):
        raise InputError(path, line=line, expected="a query, or an object with an id and a query", found=shorten(entry))
    entry = {plain_name(name): value for name, value in entry.items()}
    topic_id = topic_id or _id(entry)
    turns = next((entry[name] for name in _TURNS if isinstance(entry.get(name), list)), None)
    if turns is None:
        yield Topic(line, topic_id, _texts(entry))
        return
    for turn in turns:
        if not isinstance(turn, dict):
            raise InputError(path, line=line, expected="an object for each turn", found=shorten(turn))
        turn = {plain_name(name): value for name, value in turn.items()}
        texts = _texts(turn)
        if str(turn.get("participant", "")).lower() == "system" or not any(name in texts for name in TEXTS):
            continue
        yield Topic(line, f"{topic_id}_{number}" if topic_id and (number := _id(turn)) else "", texts)


def _id(entry: Mapping[str, Any]) -> str:
    pair = next((pair for pair in _NUMBERED if all(name in entry for name in pair)), None)
    if pair is not None:
        return "_".join(str(entry[name]) for name in pair)
    return next((str(entry[name]) for name in IDS if isinstance(entry.get(name), str | int)), "")


def _texts(entry: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.strip() for name, value in entry.items() if isinstance(value, str) and name not in IDS}

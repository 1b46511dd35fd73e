from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.queries import read_queries
from inpars.errors import InputError

Write = Callable[[Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(value: Any) -> Path:
        (tmp_path / "topics.json").write_text(json.dumps(value, indent=1))
        return tmp_path / "topics.json"

    return write


def texts(path: Path | str) -> dict[str, str]:
    return {query.query_id: query.text for query in read_queries(path)}


CAST = [
    {
        "number": 31,
        "title": "wings",
        "turn": [
            {"number": 1, "raw_utterance": "What is lift?", "manual_rewritten_utterance": "What is lift?"},
            {"number": 2, "raw_utterance": "Why?", "manual_rewritten_utterance": "Why is there lift?"},
        ],
    }
]
CAST_2022 = [
    {
        "number": 132,
        "turn": [
            {"number": "1-1", "participant": "User", "utterance": "What is lift?"},
            {"number": "1-2", "participant": "System", "response": "A force."},
            {"number": "1-3", "participant": "User", "utterance": "Why?"},
        ],
    }
]
IKAT = [
    {"number": "9-1", "ptkb": {"1": "I fly."}, "turns": [{"turn_id": 1, "utterance": "What is lift?", "response": "x"}]}
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"1": "lift", "007": "drag"}, {"1": "lift", "007": "drag"}),
        ({"1": {"title": "lift"}, "2": {"title": "drag"}}, {"1": "lift", "2": "drag"}),
        ([{"id": 1, "query": "lift"}, {"id": 2, "query": "drag"}], {"1": "lift", "2": "drag"}),
        ({"questions": [{"id": "5f", "body": "What is lift?", "type": "factoid"}]}, {"5f": "What is lift?"}),
        ({"queries": {"q1": "lift"}, "corpus": {"d1": "x"}, "relevant_docs": {"q1": ["d1"]}}, {"q1": "lift"}),
        (CAST, {"31_1": "What is lift?", "31_2": "Why?"}),
        (CAST_2022, {"132_1-1": "What is lift?", "132_1-3": "Why?"}),
        (IKAT, {"9-1_1": "What is lift?"}),
        ([{"Conversation_no": 3, "Turn_no": 2, "Question": "Why?", "Rewrite": "Why is there lift?"}], {"3_2": "Why?"}),
    ],
    ids=["by id", "objects by id", "list", "questions", "all in one", "CAsT", "CAsT 2022", "iKAT", "numbered turns"],
)
def test_topics_in_json_are_read(write: Write, value: Any, expected: dict[str, str]) -> None:
    assert texts(write(value)) == expected


def test_turns_are_taken_as_they_were_typed_and_the_field_in_full_words_is_named(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(CAST)
    assert texts(path)["31_2"] == "Why?"
    assert f"{path}?text=manual_rewritten_utterance" in capsys.readouterr().err.replace("\n", "")
    assert texts(f"{path}?text=manual_rewritten_utterance")["31_2"] == "Why is there lift?"
    assert not capsys.readouterr().err


def test_json_lines_by_the_name_of_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text('{"id": 1, "text": "lift"}\n{"id": 2, "text": "drag"}\n')
    assert texts(tmp_path / "q.json") == {"1": "lift", "2": "drag"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"1": "lift",\n "2" "drag"}', "line 2: expected JSON; found"),
        ('[["1", "lift"]]', "expected a query, or an object with an id and a query; found"),
        ('[{"query": "lift"}]', "expected the number of the topic, .*; found 'query'"),
        ('[{"number": 1, "turn": [{"raw_utterance": "lift"}]}]', "expected the number of the topic"),
        ('[{"number": 1, "turn": ["lift"]}]', "expected an object for each turn; found 'lift'"),
        ("{}", "expected at least one query; found none"),
    ],
)
def test_json_that_holds_no_topics_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.json").write_text(text)
    with pytest.raises(InputError, match=f"q.json(, |: ){message}"):
        read_queries(tmp_path / "q.json")

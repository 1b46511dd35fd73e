"""The filters `echo`, `loop` and `unfinished`; what makes one is tested in tests/data/test_unusable.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.records import SyntheticQuery
from inpars.filter import echo, loop, unfinished
from inpars.filter.method import Context
from inpars.filter.options import EchoOptions, LoopOptions, UnfinishedOptions

Reasons = Callable[..., list[str | None]]

LOOP = "policy max priority policy max priority policy max priority policy max priority policy max priority"
CUT = "what is the method for solving the boundary layer equations for a flat plate and"
FRAME = "Document: Limit caffeine.\nQuery: Is a little caffeine ok during pregnancy?\n\nDocument: {document}\nQuery:"


def query(text: str, **more: Any) -> SyntheticQuery:
    return SyntheticQuery(text, "d", "The spar bends.", prompt_text=FRAME, **more)


def test_each_drops_its_own_fault_and_says_it(reasons: Reasons) -> None:
    queries = [query("Is a little caffeine ok during pregnancy?"), query(LOOP), query(CUT, finish_reason="length")]
    queries.append(query("why does a spar bend"))
    assert reasons(echo.judge, queries, EchoOptions()) == ["repeats the prompt", None, None, None]
    assert reasons(loop.judge, queries, LoopOptions()) == [None, "the same words over and over", None, None]
    assert reasons(unfinished.judge, queries, UnfinishedOptions()) == [None, None, "cut off by the token limit", None]


@pytest.mark.parametrize("finish_reason", ["length", "max_tokens", "MAX_TOKENS"])
def test_a_token_limit_is_known_by_any_servers_word_for_it(finish_reason: str, reasons: Reasons) -> None:
    assert reasons(unfinished.judge, [query(CUT, finish_reason=finish_reason)], UnfinishedOptions()) != [None]
    assert reasons(unfinished.judge, [query(CUT, finish_reason="stop")], UnfinishedOptions()) == [None]


def test_a_short_query_is_finished_though_its_answer_went_on_to_the_limit(reasons: Reasons) -> None:
    short = query("heat transfer to slender cones", finish_reason="length")
    assert reasons(unfinished.judge, [short], UnfinishedOptions()) == [None]
    assert reasons(unfinished.judge, [short], UnfinishedOptions(min_words=5)) == ["cut off by the token limit"]


def test_an_end_within_a_sentence_needs_no_limit(reasons: Reasons) -> None:
    assert reasons(unfinished.judge, [query("heat transfer,")], UnfinishedOptions()) == ["ends within a sentence"]


def test_options_reach_the_checks(reasons: Reasons) -> None:
    assert reasons(loop.judge, [query(LOOP)], LoopOptions(repeated=40, max_share=1)) == [None]
    half = query("is a little caffeine in green tea of the high mountains", finish_reason="stop")
    assert reasons(echo.judge, [half], EchoOptions(max_share=0.5)) == [None]
    assert reasons(echo.judge, [half], EchoOptions(max_share=0.2)) == ["repeats the prompt"]


@pytest.mark.parametrize(
    ("judge", "options"),
    [(echo.judge, EchoOptions()), (loop.judge, LoopOptions()), (unfinished.judge, UnfinishedOptions())],
)
def test_extracted_queries_are_the_documents_own_words(judge: Any, options: Any, reasons: Reasons) -> None:
    texts = ("Is a little caffeine ok during pregnancy?", LOOP, "through the")
    extracted = [SyntheticQuery(text, "d", "The spar bends.", generator="extractive:sentence") for text in texts]
    assert reasons(judge, extracted, options) == [None, None, None]


def test_echo_says_how_many_it_could_not_compare(tmp_path: Path) -> None:
    bare = SyntheticQuery("Is a little caffeine ok during pregnancy?", "d", "The spar bends.")
    context = Context(tmp_path, "echo")
    no_document = SyntheticQuery(bare.query, "d", prompt_text=FRAME)
    extracted = SyntheticQuery("a", "d", generator="extractive:terms")
    assert echo.judge([bare, no_document, extracted, query("lift")], EchoOptions(), context) == [None] * 4
    assert context.facts == {"not_compared": 2}


def test_the_stage_hands_echo_the_prompts_and_writes_whole_rows(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [
        {
            "query": text,
            "doc_id": "d",
            "doc_text": f"Spar {n} bends.",
            "prompt_text": FRAME.format(document=f"Spar {n} bends."),
        }
        for n, text in enumerate(["Is a little caffeine ok during pregnancy?", "how does spar one bend"])
    ]
    kept = inpars.filter(write_jsonl(rows), tmp_path / "kept.jsonl", methods=["echo"])
    assert [json.loads(line)["prompt_text"] for line in kept.read_text().splitlines()] == [rows[1]["prompt_text"]]
    dropped = json.loads((tmp_path / "kept.dropped.jsonl").read_text())
    assert (dropped["query"], dropped["reason"]) == (rows[0]["query"], "repeats the prompt")


def test_all_three_are_on_by_default(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    texts = ["Is a little caffeine ok during pregnancy?", LOOP, "through the", "why does a spar bend"]
    rows = [query(text).to_row() for text in texts]
    for row in rows:
        row["prompt_text"] = FRAME.format(document="The spar bends.")
    kept = inpars.filter(write_jsonl(rows), tmp_path / "kept.jsonl", length={"min_words": 1})
    funnel = {entry["method"]: entry["dropped"] for entry in facts_of(kept)["funnel"]}
    assert funnel == {"length": 0, "echo": 1, "loop": 1, "unfinished": 1, "duplicates": 0}

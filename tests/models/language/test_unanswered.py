"""An answer without text says why, in whatever words its server has for it."""

from __future__ import annotations

import pytest

from inpars.models.language.base import Completion
from inpars.models.language.unanswered import ending, way_out, why_empty, why_unfinished


@pytest.mark.parametrize(
    ("completion", "why"),
    [
        (Completion("", "content_filter"), "withheld by the content filter"),
        (Completion("", "content_filter: SAFETY"), "withheld by the content filter"),
        (Completion("", "PROHIBITED_CONTENT"), "withheld by the content filter"),
        (Completion("", "tool_calls"), "the model called a tool in place of an answer"),
        (Completion("", "stop", refusal="I'd rather not."), "the model refused"),
        (Completion("", "length"), "empty: all 64 tokens went on thoughts that are not shown (max_new_tokens)"),
        (Completion("", "MAX_TOKENS"), "empty: all 64 tokens went on thoughts that are not shown (max_new_tokens)"),
        (Completion("", "stop", reasoning="hm"), "thoughts, and no answer after them"),
        (Completion("", "stop"), "empty answer"),
    ],
)
def test_the_cause_of_an_empty_answer_is_told(completion: Completion, why: str) -> None:
    assert why_empty(completion, 64) == why


def test_thoughts_that_were_cut_off_say_by_what() -> None:
    assert "within 64 tokens (max_new_tokens)" in why_unfinished(Completion("<think>", "length"), 64)
    assert "stop string" in why_unfinished(Completion("<think>", "stop"), 64)


@pytest.mark.parametrize(
    ("told", "meant"), [("eos_token", "stop"), ("model_length", "length"), ("function_call", "tool"), ("", "stop")]
)
def test_servers_have_their_own_words_for_the_same_end(told: str, meant: str) -> None:
    assert ending(Completion("", told)) == meant


def test_where_thoughts_took_all_the_tokens_there_are_two_ways_out() -> None:
    way = way_out(why_empty(Completion("", "length"), 64))
    assert "--max-new-tokens" in way
    assert "enable_thinking false" in way
    assert way_out("the query has no word in it") == ""

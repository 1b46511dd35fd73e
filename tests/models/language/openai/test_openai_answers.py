"""What comes back: texts cut at stop strings, and one log-probability for each token that begins in them."""

from __future__ import annotations

import json

import orjson
import pytest

from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.openai.answers import BrokenAnswer, Usage, completions, parse, usage


def legacy(text, tokens, log_probs, **more):
    told = {"tokens": tokens, "token_logprobs": log_probs, "text_offset": [0] * len(tokens)}
    return {"choices": [{"text": text, "index": 0, "finish_reason": "length", "logprobs": told, **more}]}


def chat(text, tokens, log_probs, **message):
    content = []
    for token, log_prob in zip(tokens, log_probs, strict=True):
        raw = token if isinstance(token, bytes) else token.encode()
        content.append({"token": raw.decode("utf-8", "replace"), "logprob": log_prob, "bytes": list(raw)})
    choice = {"message": {"content": text, **message}, "index": 0, "finish_reason": "length"}
    return {"choices": [{**choice, "logprobs": {"content": content}}]}


FORMATS = pytest.mark.parametrize("form", [legacy, chat])


def read(answer, *stop):
    [completion] = completions(parse(orjson.dumps(answer)), stop)
    return completion


@FORMATS
def test_without_a_stop_string_all_is_kept(form):
    completion = read(form("what is lift", ["what", " is", " lift"], [-1, -2, -3]))
    assert (completion.text, completion.finish_reason) == ("what is lift", "length")
    assert completion.tokens == ["what", " is", " lift"]
    assert completion.log_probs == [-1.0, -2.0, -3.0]


@FORMATS
def test_the_tokens_of_the_stop_string_and_after_are_left_out(form):
    """A server that cuts the text still tells the tokens of what it has cut; others cut nothing."""
    tokens, log_probs = ["what", " is", " lift", "\n", "\n", "Doc"], [-1, -2, -3, -4, -5, -6]
    for text in ("what is lift", "what is lift\n\nDoc"):
        completion = read(form(text, tokens, log_probs), "\n\n", "Example")
        assert completion.text == "what is lift"
        assert completion.tokens == ["what", " is", " lift"]
        assert completion.log_probs == [-1.0, -2.0, -3.0]
    assert completion.finish_reason == "stop"


@FORMATS
def test_a_token_that_begins_inside_and_reaches_beyond_the_text_is_kept(form):
    completion = read(form("lift?\nmore", ["lift", "?\n", "more"], [-1, -2, -3]), "\n")
    assert completion.text == "lift?"
    assert (completion.tokens, completion.log_probs) == (["lift", "?\n"], [-1.0, -2.0])


@FORMATS
def test_the_first_stop_string_in_the_text_counts_not_the_first_in_the_list(form):
    completion = read(form("a b c d", ["a", " b", " c", " d"], [-1, -2, -3, -4]), " d", " b")
    assert (completion.text, completion.log_probs) == ("a", [-1.0])


@FORMATS
def test_a_text_that_is_stopped_at_once_is_empty_with_no_tokens(form):
    completion = read(form("\nmore", ["\n", "more"], [-1, -2]), "\n")
    assert (completion.text, completion.tokens, completion.log_probs) == ("", [], [])


@FORMATS
def test_an_end_mark_after_the_text_is_no_token_of_it(form):
    completion = read(form("lift", ["lift", "<|im_end|>"], [-1, -2]))
    assert (completion.tokens, completion.log_probs) == (["lift"], [-1.0])


@FORMATS
def test_a_token_without_a_value_gives_its_text_to_the_next(form):
    completion = read(form("what is lift", ["what", " is", " lift"], [None, -2, None]))
    assert (completion.tokens, completion.log_probs) == (["what is lift"], [-2.0])
    completion = read(form("what is lift", ["what", " is", " lift"], [-1, None, -3]))
    assert (completion.tokens, completion.log_probs) == (["what", " is lift"], [-1.0, -3.0])


@FORMATS
def test_no_values_at_all_are_no_log_probs(form):
    assert read(form("what is", ["what", " is"], [None, None])).log_probs is None


@FORMATS
def test_tokens_that_are_not_the_text_are_not_believed(form):
    assert read(form("what is lift", ["some", "thing", " else"], [-1, -2, -3])).log_probs is None


@FORMATS
def test_malformed_log_probs_do_not_spoil_the_answer(form):
    answer = form("what", ["what"], [-1])
    for broken in ({"tokens": ["what"], "token_logprobs": [-1, -2]}, {"content": ["what"]}, {"tokens": [7]}, [], "x"):
        answer["choices"][0]["logprobs"] = broken
        completion = read(answer)
        assert (completion.text, completion.log_probs) == ("what", None)


def test_a_character_of_several_tokens_belongs_to_its_last_one():
    whole = "à 🛩 jet"
    plane = "🛩".encode()
    completion = read(chat(whole, ["à".encode(), b" " + plane[:2], plane[2:], b" jet"], [-1, -2, -3, -4]))
    assert completion.tokens == ["à", " ", "🛩", " jet"]
    assert completion.log_probs == [-1.0, -2.0, -3.0, -4.0]
    # Cut right after the character: both of its tokens begin inside.
    assert read(chat(whole, ["à ".encode(), plane[:1], plane[1:], b" jet"], [-1, -2, -3, -4]), " jet").log_probs == [
        -1.0,
        -2.0,
        -3.0,
    ]


def test_openai_writes_half_characters_as_bytes_in_the_legacy_format():
    completion = read(legacy("é lift", ["bytes:\\xc3", "bytes:\\xa9", " lift"], [-1, -2, -3]), "lift")
    assert (completion.text, completion.tokens) == ("é ", ["", "é", " lift"])
    assert completion.log_probs == [-1.0, -2.0, -3.0]


def test_chat_tokens_without_bytes_are_taken_by_their_text():
    answer = chat("what is", ["what", " is"], [-1, -2])
    for token in answer["choices"][0]["logprobs"]["content"]:
        token["bytes"] = None
    assert read(answer).tokens == ["what", " is"]


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_is_told_apart_and_its_tokens_are_none_of_the_text(name):
    tokens, log_probs = ["<think>", "hm", "</think>", "\n", "what", " is"], [-1, -2, -3, -4, -5, -6]
    completion = read(chat("what is", tokens, log_probs, **{name: "hm"}))
    assert (completion.text, completion.reasoning) == ("what is", "hm")
    assert (completion.tokens, completion.log_probs) == (["what", " is"], [-5.0, -6.0])


def test_white_space_that_the_server_strips_is_no_part_of_the_first_token():
    completion = read(chat("what is", [" what", " is"], [-1, -2]))
    assert (completion.tokens, completion.log_probs) == (["what", " is"], [-1.0, -2.0])


def test_a_refusal_is_told_apart_from_the_text():
    completion = read(chat(None, [], [], refusal="No."))
    assert (completion.text, completion.refusal) == ("", "No.")
    completion = read(chat([{"type": "refusal", "refusal": "No."}], [], []))
    assert (completion.text, completion.refusal) == ("", "No.")


THOUGHT_PARTS = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
    {"type": "thinking", "thinking": "hm"},
    {"type": "reasoning", "text": "hm"},
]


@pytest.mark.parametrize("thought", THOUGHT_PARTS)
def test_thoughts_among_the_parts_of_a_content_are_reasoning(thought):
    completion = read(chat([thought, {"type": "text", "text": "what is lift"}], ["what", " is", " lift"], [-1, -2, -3]))
    assert (completion.text, completion.reasoning) == ("what is lift", "hm")
    assert completion.log_probs == [-1.0, -2.0, -3.0]


def test_reasoning_may_be_told_in_details():
    completion = read(chat("x", ["x"], [-1], reasoning_details=[{"type": "reasoning.text", "text": "hm"}]))
    assert completion.reasoning == "hm"


@FORMATS
def test_a_stop_string_ends_the_answer_and_not_the_thoughts_before_it(form):
    text = "<think>\nhm\n</think>\n\nwhat is lift\nDocument"
    completion = read(
        form(text, ["<think>\nhm\n</think>\n\n", "what is", " lift", "\nDocument"], [-1, -2, -3, -4]), "\nDoc"
    )
    assert completion.text == "<think>\nhm\n</think>\n\nwhat is lift"
    assert completion.finish_reason == "stop"
    assert read(form("<think>\nhm", ["<think>\nhm"], [-1]), "\n").text == "<think>\nhm"


def test_half_a_character_does_not_lose_an_answer():
    content = b'{"choices": [{"message": {"content": "what \\ud83d is \\ud83d\\ude00"}, "finish_reason": "stop"}]}'
    [completion] = completions(parse(content), ())
    assert completion.text == "what \ufffd is 😀"


def test_a_mark_of_byte_order_before_an_answer_is_none_of_it():
    [completion] = completions(parse(b'\xef\xbb\xbf{"choices": [{"text": "what is lift"}]}'), ())
    assert completion.text == "what is lift"


def test_choices_come_in_their_own_order():
    answer = {"choices": [{"text": "b", "index": 1}, {"text": "a", "index": 0}]}
    assert [completion.text for completion in completions(answer, ())] == ["a", "b"]


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b'{"choices": [{"te', b"[]", b"{}", b'{"choices": []}', b'{"choices": [{}]}', b"\xff"],
)
def test_what_holds_no_completion_is_broken(content):
    with pytest.raises(BrokenAnswer):
        parse(content)


def test_usage_is_what_the_server_says():
    counts = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 5}}
    told = usage({"usage": counts})
    assert (told.prompt, told.completion, told.cached) == (9, 4, 5)
    assert usage({"usage": {"prompt_tokens": 9, "prompt_tokens_details": None}}).cached == 0
    assert usage({}) is None


@pytest.mark.parametrize("messages", [(), (Message("user", "wings"),)])
def test_over_the_wire_tokens_joined_are_the_text(endpoint, make, messages):
    [answer] = make().complete([Prompt("d1", "" if messages else "wings", messages)], Sampling(stop=("?",)))
    [completion] = answer.completions
    assert completion.text.startswith("what about ")
    assert "".join(completion.tokens).startswith(completion.text)
    assert completion.log_probs == pytest.approx([-0.1, -0.2, -0.3])
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (100, 10, 40)


def test_a_server_without_log_probs_gives_none(endpoint, make):
    endpoint.log_probs = False
    [answer] = make().complete([Prompt("d1", "wings")], Sampling())
    assert answer.completions[0].log_probs is None
    assert answer.completions[0].tokens == []


@pytest.mark.parametrize("odd", ["x", "NaN", [1], {"text": 3}, float("inf"), 10**400])
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens"])
def test_token_counts_that_are_no_numbers_are_as_good_as_none(field, odd):
    counts = {"prompt_tokens": "10.0", "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": "n/a"}}
    answer = {"choices": [{"message": {"content": "what is lift"}}], "usage": {**counts, field: odd}}
    assert usage(parse(json.dumps(answer).encode())) is None
    assert usage({"usage": counts}) == Usage(10, 2, 0)


@pytest.mark.parametrize("index", ["a", "0.0", [0], {}, None, "NaN"])
def test_an_index_that_is_no_number_leaves_the_order(index):
    choices = [{"text": "one", "index": index}, {"text": "two", "index": index, "message": "odd"}]
    assert [completion.text for completion in completions({"choices": choices}, ())] == ["one", "two"]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_an_answer_nested_too_deep_is_broken(opening):
    closing = "]" if opening == "[" else "}"
    for depth in (900, 3_000, 100_000):
        with pytest.raises(BrokenAnswer):
            parse((opening * depth + "1" + closing * depth).encode())


def test_thoughts_nested_too_deep_leave_the_answer():
    deep = orjson.loads("[" * 200 + "]" * 200)
    message = {"content": "what is lift", "reasoning_details": deep}
    assert read({"choices": [{"message": message}]}).text == "what is lift"


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": {"value": "what is lift", "annotations": []}}],
        ["what is", " lift"],
        {"text": "what is lift"},
        [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "what is lift"}],
    ],
)
def test_the_text_is_found_in_whatever_holds_it(content):
    assert read({"choices": [{"message": {"content": content}}]}).text == "what is lift"


def test_a_number_is_a_text_too():
    assert read({"choices": [{"message": {"content": 1984}}]}).text == "1984"

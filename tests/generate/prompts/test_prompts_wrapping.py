"""What stands around a query is taken off, however it is combined; what belongs to a query stays."""

from __future__ import annotations

import pytest

from inpars.generate.prompts import Malformed, Reading, Template, load_template, read

Q = "how do wings lift"
LINES = ["zero-shot", "few-shot", "inpars", "promptagator-zero-shot"]

WRAPPED = [
    f"```\n{Q}\n```",
    f"```text\n{Q}\n```",
    f"```{Q}```",
    f"~~~\n{Q}\n~~~",
    f"```\n{Q}",
    f'```json\n{{"query": "{Q}"}}\n```',
    f'{{"query": "{Q}"}}',
    f'{{"Search Query": "{Q}", "why": "short"}}',
    f'{{"why": "on wings", "query": "{Q}"}}',
    f'{{"queries": ["{Q}", "what is drag"]}}',
    f'{{"queries": [{{"id": 1, "query": "{Q}"}}]}}',
    f'{{"query_1": "{Q}", "query_2": "what is drag"}}',
    f'["{Q}", "what is drag"]',
    f'[{{"question": "{Q}"}}]',
    f"{{'query': '{Q}'}}",
    f'{{"text": "{Q}"}}',
    f'{{"query": "{Q}',
    f'{{"query": "1. {Q}"}}',
    f"1. {Q}",
    f"1) {Q}",
    f"**1. {Q}**",
    f"1. {Q}\n2. what is drag",
    f"1) {Q}\n2) what is drag",
    f"1. {Q}? 2. what is drag?".replace("? 2", " 2"),
    f"- {Q}",
    f"* {Q}\n* what is drag",
    f"• {Q}",
    f"> {Q}",
    f"> {Q}\n\nIt is specific.",
    f"```\n1. {Q}\n```",
    f"<query>{Q}</query>",
    f"<search_query>\n{Q}\n</search_query>",
    f"Here is the query: <query>{Q}</query>",
    f"<query>{Q}",
    f"<answer>{Q}</answer>",
    f"{Q}</s>",
    f"{Q}<|im_end|>\n<|im_start|>user\nDocument: more",
    f"{Q}<|eot_id|>",
    f"{Q}<end_of_turn>",
    f"{Q}[/INST]",
    f"{Q}<|endoftext|>",
    f"{Q}<｜end▁of▁sentence｜>",
    f"<|im_start|>assistant\n{Q}<|im_end|>",
    f"<s>[INST] Write a query. [/INST] {Q}</s>",
    f"<s> {Q}</s>",
    f"<s>{Q}",
    f"{Q} <|im_end|><|im_start|>user Document: more",
    f"{Q}</s> [INST] Document: more",
    f"{Q} <eos> \nDocument: more",
    f"Sure! Here's a search query for the document: {Q}",
    f"Sure! Here’s a search query for the document:\n\n{Q}",
    f"Here is a search query for this document\n\n{Q}",
    f"Certainly! {Q}",
    f"Sure, here you go:\n{Q}",
    f"Here are three search queries:\n\n1. **{Q}**\n2. **what is drag**",
    f'A good search query for this document would be: "{Q}"',
    f"Based on the document, a possible query is: {Q}",
    f"Search query: {Q}",
    f"**Query**: {Q}",
    f"Query 1: {Q}\nQuery 2: what is drag",
    f"Question: {Q}",
    f"Answer: {Q}",
    f"搜索查询：“{Q}”",
    f"**1. {Q}**\n**2. what is drag**",
    f"### Query\n{Q}",
    f"## Search query:\n\n{Q}",
    f"**Query**\n{Q}",
    f"assistant\n{Q}",
    f"model\n{Q}",
    f"{Q}</answer>",
    f"Thought: it is about wings\nQuery: {Q}",
    f"Reasoning: it is about wings.\nIt is short.\n**Final query:** {Q}",
    f"Let me think. It is about wings.\n\nQuery: {Q}",
    f"{Q}\n\nExample 5:\nDocument: more\nQuery: what is drag",
    f"{Q}\n</query>",
    f'"""{Q}"""',
    f'"""\n{Q}\n"""',
    f'{{"query": "{Q}"}}\nIt is specific.',
    f'{{"query": "{Q}"}}\n{{"query": "what is drag"}}',
    f"*{Q}*",
    f"\\boxed{{{Q}}}",
    f'<think>On wings.</think>\n```json\n{{"query": "{Q}"}}\n```<|im_end|>',
    f'Here is the JSON with the query:\n```json\n{{"query": "{Q}"}}\n```\nIt is specific.',
]


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("answer", WRAPPED)
def test_what_is_left_is_the_query(name: str, answer: str) -> None:
    reading = read(load_template(name), answer)
    assert isinstance(reading, Reading), reading
    assert reading.query == Q
    assert answer[reading.start : reading.end] == Q


def test_an_escaped_character_is_read_and_its_place_is_that_of_its_escape() -> None:
    answer = r'{"query": "what is \"lift\" in caf\u00e9s"}'
    reading = read(load_template("zero-shot"), answer)
    assert isinstance(reading, Reading)
    assert reading.query == 'what is "lift" in cafés'
    assert answer[reading.start : reading.end] == r"what is \"lift\" in caf\u00e9s"


@pytest.mark.parametrize(
    "answer",
    [
        "Here is a search query for this document",
        "Sure, here's a search query:",
        "Sure!",
        "```\n```",
        "<query></query>",
        "<|im_end|>",
        "{}",
        '{"query": ""}',
        '{"query": null}',
        '{"error": "no query"}',
        "[]",
    ],
)
@pytest.mark.parametrize("name", LINES)
def test_wrapping_around_nothing_is_no_query(name: str, answer: str) -> None:
    assert isinstance(read(load_template(name), answer), Malformed)


PLAIN = [
    "here is how to cook rice: steps",
    "json query: how to filter",
    "3. liga tabelle",
    "#1 hit song 1984",
    "*args meaning python",
    "[1,2,3] sum python",
    "{ } meaning in java",
    "what does </s> mean in html",
    "how does <query> work in xml",
    "sure thing lyrics",
    "okay google",
    "yes",
    "the question of free will: an essay",
    "here are 20 options to choose from",
    '"lift" or "drag"',
    "2001: a space odyssey",
    "what does [INST] mean in llama prompts",
    "what do [INST] and [/INST] mean",
    "what does <|im_end|> mean in chatml",
    "gemma <end_of_turn> token id",
    "what is <|endoftext|> in gpt-2",
    "<s> token in llama",
    '["a", "b"] join javascript',
    '{"query": "select * from users"} graphql meaning',
    'json {"query": "x"} graphql body',
    "__init__",
    "<b> tag vs <strong>",
    "<query> element xml",
    "<think> tag deepseek",
    "</think> token meaning",
    "here you go song lyrics",
    "model trains",
    "query",
]


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("query", PLAIN)
def test_what_looks_like_wrapping_and_is_none_stays(name: str, query: str) -> None:
    assert read(load_template(name), query) == Reading(query, 0, len(query))


def test_a_template_that_asks_for_a_form_of_its_own_gets_it_as_it_is() -> None:
    template = Template(
        pattern="{document} Answer as JSON:",
        stop=(),
        reads=r'"query":\s*"(?P<query>[^"]*)"(?:.*"why":\s*"(?P<why>[^"]*)")?',
    )
    reading = read(template, 'Sure! {"query": "wings", "why": "short"}')
    assert isinstance(reading, Reading)
    assert (reading.query, reading.extra) == ("wings", {"why": "short"})


def test_such_a_template_is_read_in_a_fence_and_after_thoughts_too() -> None:
    reading = read(load_template("chain-of-thought"), f"<think>Hm.</think>\n```\nOn wings.\nQuery: {Q}\n```")
    assert isinstance(reading, Reading)
    assert reading.query == Q


def test_json_with_a_query_serves_a_template_that_asks_for_another_form_too() -> None:
    reading = read(load_template("chain-of-thought"), f'{{"thoughts": "on wings", "query": "{Q}"}}')
    assert isinstance(reading, Reading)
    assert reading.query == Q


def test_what_the_template_calls_reasoning_stands_before_what_the_model_thought() -> None:
    reading = read(load_template("chain-of-thought"), f"<think>Hm.</think>On wings.\nQuery: {Q}")
    assert isinstance(reading, Reading)
    assert reading.extra == {"reasoning": "On wings."}
    reading = read(load_template("zero-shot"), f"<think>Hm.</think>{Q}")
    assert isinstance(reading, Reading)
    assert reading.extra == {"reasoning": "Hm."}

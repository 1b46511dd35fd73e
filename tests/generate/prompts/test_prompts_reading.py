from __future__ import annotations

import random

import pytest

from inpars.generate.prompts import Malformed, Reading, Template, builtin_templates, load_template, read


def read_well(template: str | Template, answer: str) -> Reading:
    reading = read(load_template(template) if isinstance(template, str) else template, answer)
    assert isinstance(reading, Reading), reading
    return reading


def query_of(name: str, answer: str) -> str:
    return read_well(name, answer).query


@pytest.mark.parametrize(
    ("answer", "query"),
    [
        (" what is lift?", "what is lift?"),
        ("\n what is lift?\n\nExample 5:\nDocument: more", "what is lift?"),
        (' "what is lift?" ', "what is lift?"),
        ("“what is lift?”", "what is lift?"),
        ("« qu'est-ce que la portance ? »", "qu'est-ce que la portance ?"),
        ('"lift" or "drag"', '"lift" or "drag"'),
        ('what is "lift"', 'what is "lift"'),
        ("'lift", "'lift"),
        ("Relevant Query: what is lift?", "what is lift?"),
        ("relevant query:what is lift?", "what is lift?"),
        ("**Query:** what is lift?", "what is lift?"),
        ("**what is lift?**", "what is lift?"),
        ("**Query: what is lift?**", "what is lift?"),
        ("what does ** do", "what does ** do"),
        ('Query: "what is lift?"', "what is lift?"),
        ('"Query: what is lift?"', "what is lift?"),
        ("query expansion: what is it", "query expansion: what is it"),
        ("東京の人口は?", "東京の人口は?"),
    ],
)
def test_the_query_is_the_first_line_without_label_and_quotes(answer: str, query: str) -> None:
    assert query_of("inpars", answer) == query


def test_a_cue_that_is_repeated_is_no_part_of_the_query() -> None:
    assert query_of("promptagator-fever", " Is it true that wings fly?") == "wings fly?"
    assert query_of("promptagator-arguana", "Counter argument: no") == "no"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty answer"),
        (" \n\t ", "empty answer"),
        ('""', "the query has no word in it"),
        ("Query:", "the query has no word in it"),
        ("---", "the query has no word in it"),
    ],
)
def test_an_answer_without_a_query_says_why(answer: str, reason: str) -> None:
    assert read(load_template("inpars"), answer) == Malformed(reason)


@pytest.mark.parametrize(
    ("answer", "query", "bad"),
    [
        (" good one?\nBad Question: poor one?", "good one?", "poor one?"),
        (" good one?\n bad question: poor one?\nmore", "good one?", "poor one?"),
        (" good one? BAD QUESTION:poor one?", "good one?", "poor one?"),
        (" good one?\nBad Question: poor one?\nBad Question: worse one?", "good one?", "poor one?"),
        (" good one?\nBad Question: poor one? Bad Question: worse one?", "good one?", "poor one?"),
        (" good one?\nsomething else", "good one?", ""),
        ("Good Question: good one?", "good one?", ""),
        (" good one?\nBad Question:", "good one?", ""),
    ],
)
def test_a_good_question_is_told_from_the_bad_one_after_it(answer: str, query: str, bad: str) -> None:
    reading = read_well("inpars-gbq", answer)
    assert (reading.query, reading.extra) == (query, {"bad_question": bad} if bad else {})


def test_a_bad_question_alone_is_no_query() -> None:
    assert isinstance(read(load_template("inpars-gbq"), "\nBad Question: poor one?"), Malformed)


def test_the_answer_goes_on_to_the_bad_question() -> None:
    assert load_template("inpars-gbq").stop == ("\n\n",)
    assert load_template("inpars").stop == ("\n",)


@pytest.mark.parametrize(
    ("answer", "query", "reasoning"),
    [
        ("About wings.\n\nAsked: all.\nQuery: how do wings lift", "how do wings lift", "About wings.\n\nAsked: all."),
        ("Thoughts.\n\n**Query:** how do wings lift\n", "how do wings lift", "Thoughts."),
        ("First:\nQuery: wings\nShort.\nQuery: how do wings lift", "how do wings lift", "First:\nQuery: wings\nShort."),
        ("Query: how do wings lift", "how do wings lift", ""),
        ("Thoughts.\n**Query: how do wings lift**", "how do wings lift", "Thoughts."),
        ("Thoughts.\nFinal query:\nhow do wings lift", "how do wings lift", "Thoughts."),
    ],
)  # fmt: skip
def test_reasoning_is_kept_apart_from_the_query(answer: str, query: str, reasoning: str) -> None:
    reading = read_well("chain-of-thought", answer)
    assert (reading.query, reading.extra) == (query, {"reasoning": reasoning} if reasoning else {})


def test_an_answer_that_thinks_aloud_is_not_stopped() -> None:
    assert load_template("chain-of-thought").stop == ()


def test_reasoning_that_never_comes_to_a_query_is_malformed() -> None:
    assert read(load_template("chain-of-thought"), "The query should be about wings.") == Malformed(
        "no query in the answer"
    )
    assert isinstance(read(load_template("chain-of-thought"), "Thoughts.\nQuery:"), Malformed)


@pytest.mark.parametrize("name", ["zero-shot", "few-shot"])
def test_a_line_that_leads_up_to_the_query_is_passed_over(name: str) -> None:
    assert query_of(name, "Here is a query for this document:\n\nhow do wings lift") == "how do wings lift"
    assert query_of(name, "how do wings lift\n\nThis query is specific.") == "how do wings lift"


def test_the_query_is_always_a_part_of_the_answer() -> None:
    draw = random.Random(11)
    parts = [
        "Query:",
        "Bad Question:",
        '"',
        "“",
        "”",
        "'",
        "\n",
        "\n\n",
        " ",
        "**",
        "wing",
        "lift?",
        "é",
        "Relevant Query:",
        ":",
    ]
    readings = 0
    for template in builtin_templates().values():
        for _ in range(200):
            answer = "".join(draw.choices(parts, k=draw.randint(0, 12)))
            reading = read(template, answer)
            if isinstance(reading, Reading):
                readings += 1
                assert answer[reading.start : reading.end] == reading.query == reading.query.strip() != ""
                assert "\n" not in reading.query
            else:
                assert reading.reason
    assert readings > 1000


def test_other_groups_of_a_template_are_kept() -> None:
    template = Template(
        pattern="{document} Answer as JSON:",
        stop=(),
        reads=r'"query":\s*"(?P<query>[^"]*)"(?:.*"why":\s*"(?P<why>[^"]*)")?',
    )
    reading = read_well(template, '{"query": "wings", "why": "short"}')
    assert (reading.query, reading.extra) == ("wings", {"why": "short"})

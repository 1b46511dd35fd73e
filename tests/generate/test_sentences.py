from __future__ import annotations

import pytest

from inpars.generate.sentences import Span, heading_text, headings, sentences


def cut(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One ends. Two asks? Three calls!", ["One ends.", "Two asks?", "Three calls!"]),
        ("no marks at all\nand a second line", ["no marks at all and a second line"]),
        ("first part\n\nsecond part", ["first part", "second part"]),
        ("spaced dots . as in old collections . end", ["spaced dots", "as in old collections", "end"]),
        ("値は3.5です。次は？終わり！残り", ["値は3.5です。", "次は？", "終わり！", "残り"]),
        ("version 3.5 is out", ["version 3.5 is out"]),
        ("(In brackets.) After them.", ["(In brackets.", "After them."]),
        ("", []),
        ("  \n \n ", []),
    ],
)
def test_text_is_cut_into_its_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_sentences_are_spans_of_the_text_as_it_stands() -> None:
    text = "One  ends.\nTwo asks?"
    assert [text[span.start : span.end] for span in sentences(text)] == ["One  ends.", "Two asks?"]


def test_a_span_that_is_cut_leaves_the_rest_in_order() -> None:
    text = "One ends. Two asks? Three calls!"
    assert sentences(text)[1].cut_from(text) == "One ends. Three calls!"
    assert Span(0, len(text)).cut_from(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## How to use\nbody", ["How to use"]),
        ("# Closed by marks ##\nbody", ["Closed by marks"]),
        ("Getting started\n===============\nbody", ["Getting started"]),
        ("body\nReturn value:\nbody", ["Return value"]),
        ("a plain line\nanother one", []),
        ("one two three four five six seven eight nine ten eleven twelve thirteen:", []),
        ("Word:\nbody", []),
        ("#no_blank after the mark", []),
    ],
)
def test_headings_are_marked_underlined_or_short_and_end_in_a_colon(text: str, expected: list[str]) -> None:
    assert [heading_text(span.of(text)) for span in headings(text)] == expected


def test_headings_are_found_anywhere_in_the_text_at_their_place() -> None:
    text = "intro\n\n## First part\nbody\n\nSecond part\n-----------\nbody"
    assert [text[span.start : span.end] for span in headings(text)] == ["## First part", "Second part"]

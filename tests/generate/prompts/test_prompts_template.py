from __future__ import annotations

import random
import string

import pytest
from pydantic import ValidationError

from inpars.generate.prompts import Template
from inpars.generate.prompts.template import fill


def test_placeholders_are_filled_in_one_pass() -> None:
    filled = fill("{document} | {query}", document="see {query} and {document}", query="{number}")
    assert filled == "see {query} and {document} | {number}"


def test_other_braces_and_placeholders_without_a_value_stay() -> None:
    assert fill('{"answer": {form}} {} {{document}}', document="d") == '{"answer": {form}} {} {d}'


def test_filling_is_replacing_for_values_without_braces() -> None:
    draw = random.Random(5)
    for _ in range(300):
        values = {name: "".join(draw.choices(string.printable.replace("{", ""), k=4)) for name in ("document", "query")}
        parts = draw.choices(["{document}", "{query}", "{", "}", "{ document}", "{queries}", "x", "\\1", "%s"], k=8)
        pattern = "".join(parts)
        expected = "".join(values.get(part.strip("{}"), part) if part[1:-1] in values else part for part in parts)
        if "{{" not in pattern:
            assert fill(pattern, **values) == expected


def test_what_is_asked_ends_in_the_cue_and_the_rest_is_the_answer() -> None:
    template = Template(pattern="Text: {document}\nGood: {query}\nBad: {bad_query}\n")
    assert template.asks == "Text: {document}\nGood:"
    assert template.answers == "{query}\nBad: {bad_query}"
    assert template.cue == "Good:"


def test_a_template_needs_the_datasets_examples_where_it_has_a_place_for_them_and_none_of_its_own() -> None:
    own = [{"document": "d", "query": "q"}]
    assert Template(pattern="{document} Query: {query}").needs_examples
    assert not Template(pattern="{document} Query: {query}", examples=own).needs_examples
    assert not Template(pattern="{document} Query:").needs_examples


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pattern": "{document}"}, "a cue is needed"),
        ({"pattern": "{document}\n{query}"}, "a cue is needed"),
        ({"pattern": "Query:"}, "{document} must stand in it once"),
        ({"pattern": "{document} {document} Query:"}, "{document} must stand in it once"),
        ({"pattern": "{query} for {document} Query:"}, "{document} must come before {query}"),
        ({"pattern": "{document} Q:", "reads": "(?P<question>.*)"}, "no group"),
        ({"pattern": "{document} Q:", "reads": "(?P<query>.*"}, "not a regular expression"),
        ({"pattern": "{document} Q:", "stop": [""]}, "end every answer at once"),
        ({"pattern": "{document} {form}:", "forms": {"claim": "a claim"}}, "needs the form `default`"),
        ({"pattern": "{document} Q:", "forms": {"default": "a claim"}}, "no {form}"),
        ({"pattern": "{document} Q: {query}", "example_forms": ["question"]}, "0 examples need as many forms; found 1"),
        (
            {
                "pattern": "{document} {form}: {query}",
                "examples": [{"document": "a", "query": "b"}],
                "forms": {"default": "Q"},
                "example_forms": ["title"],
            },
            "'title' is not among the forms",
        ),
    ],
)
def test_a_template_that_cannot_work_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Template(**fields)  # type: ignore[arg-type]
    assert words in str(raised.value)


def test_what_only_describes_a_template_has_no_part_in_its_identity() -> None:
    one = Template(pattern="{document} Q:", name="a", description="x", source="y", aliases=("b",))
    assert one.identity() == Template(pattern="{document} Q:").identity()
    assert one.identity() != Template(pattern="{document} R:").identity()

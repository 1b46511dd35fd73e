"""Options that are passed on carry what JSON can: from the command line, from recipes, and from Python."""

from __future__ import annotations

from typing import Any

import pytest

from inpars.cli import app
from inpars.errors import OptionError
from inpars.generate.config import GenerateConfig
from inpars.options import parse_options
from inpars.pipeline.recipe import checked_recipe

GENERATE = ["generate", "docs.jsonl", "--output", "q.jsonl"]


def typed(*flags: str, command: list[str] = GENERATE) -> Any:
    return app.parse_args([*command, *flags], exit_on_error=False, print_error=False)[1].arguments


def extra_body(*flags: str) -> dict[str, Any]:
    body: dict[str, Any] = typed(*flags)["options"].openai.extra_body
    return body


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (["--openai.extra-body.chat_template_kwargs.enable_thinking", "false"],
         {"chat_template_kwargs": {"enable_thinking": False}}),
        (["--openai.extra_body.chat-template-kwargs.enable-thinking=false"],
         {"chat_template_kwargs": {"enable_thinking": False}}),
        (["--openai.extra-body", '{"chat_template_kwargs": {"enable_thinking": false}, "user": "1"}'],
         {"chat_template_kwargs": {"enable_thinking": False}, "user": "1"}),
        (["--openai.extra-body.chat_template_kwargs", '{"enable_thinking": false}', "--openai.extra-body.top_k", "20"],
         {"chat_template_kwargs": {"enable_thinking": False}, "top_k": 20}),
        (["--openai.extra-body.min_p", "0.1", "--openai.extra-body.seed", "-1"], {"min_p": 0.1, "seed": -1}),
        (["--openai.extra-body.a.b", "1", "--openai.extra-body.a.c", "[1, 2]"], {"a": {"b": 1, "c": [1, 2]}}),
        (["--openai.extra-body.effort", "low", "--openai.extra-body.user", '"1"'], {"effort": "low", "user": "1"}),
        (["--openai.extra-body.x", "True", "--openai.extra-body.y", "null"], {"x": True, "y": None}),
    ],
)  # fmt: skip
def test_flags_are_fields_of_a_json_object(flags: list[str], body: dict[str, Any]) -> None:
    assert extra_body(*flags) == body


@pytest.mark.parametrize(
    "flags",
    [
        ["--openai.extra-body.a", "1", "--openai.extra-body.a.b", "2"],
        ["--openai.extra-body.a.b", "2", "--openai.extra-body.a", "1"],
    ],
)
def test_a_field_cannot_be_a_value_and_hold_fields(flags: list[str]) -> None:
    with pytest.raises(OptionError, match="has a value there already"):
        extra_body(*flags)


@pytest.mark.parametrize(
    ("command", "flag", "find"),
    [
        (["filter", "q.jsonl", "--corpus", "c", "--output", "f"], "--judge.openai.extra-body.a.b",
         lambda found: found["options"].judge.openai.extra_body),
        (["negatives", "q.jsonl", "--corpus", "c", "--output", "f"], "--relabel.judge.openai.extra-body.a.b",
         lambda found: found["options"].relabel.judge.openai.extra_body),
        (["v1", "generate", "--collection", "c", "--output", "f"], "--openai.extra-body.a.b",
         lambda found: found["flags"].openai.extra_body),
        (["train", "t.jsonl", "--corpus", "c", "--output", "f"], "--arguments.a.b",
         lambda found: found["options"].arguments),
    ],
)  # fmt: skip
def test_every_command_that_passes_options_on_reads_them_alike(command: list[str], flag: str, find: Any) -> None:
    assert find(typed(flag, "false", command=command)) == {"a": {"b": False}}


BODY = {
    "chat_template_kwargs": {"enable_thinking": False},
    "guided_json": {"due-date": {"type": "string"}},
    "user": "1",
}


def test_a_recipe_and_its_overrides_carry_it_as_it_is() -> None:
    step = {"model": "openai:m", "openai": {"extra_body": BODY}}
    overrides = ["generate.openai.extra_body.chat_template_kwargs.thinking_budget=0"]
    [found] = checked_recipe({"name": "x", "steps": {"generate": step}}, overrides).steps
    expected = BODY | {"chat_template_kwargs": {"enable_thinking": False, "thinking_budget": 0}}
    assert found.options.model_dump()["openai"]["extra_body"] == expected


def test_names_of_numbers_become_the_texts_that_json_has() -> None:
    options = parse_options(GenerateConfig, "generate", {"openai": {"extra_body": {"logit_bias": {50256: -100}}}})
    assert options.openai.extra_body == {"logit_bias": {"50256": -100}}


def test_what_json_cannot_carry_is_told() -> None:
    with pytest.raises(OptionError, match=r"generate.openai.extra_body.*not a JSON object"):
        parse_options(GenerateConfig, "generate", {"openai": {"extra_body": {"stop": {1, 2}}}})

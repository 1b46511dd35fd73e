"""Queries that a language model wrote are not replaced before somebody says so."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import inpars
from inpars.data.files import read_json, write_json
from inpars.errors import InparsError
from inpars.pipeline.recipe import load_recipe
from inpars.pipeline.replacing import check_replaced

WRITTEN = ["generate.model=openai:gpt-x", "generate.prompt=zero-shot", "generate.queries_per_document=1"]
Ran = Callable[..., Path]


@pytest.fixture
def ran(tmp_path: Path) -> Ran:
    """A run directory in which a recipe with these overrides has generated queries."""

    def make(*overrides: str, finished: bool = True) -> Path:
        folder = tmp_path / "run"
        recipe = load_recipe("extractive", list(overrides))
        (folder / "generate" / ".queries.jsonl.units").mkdir(parents=True)
        (folder / "recipe.yaml").write_text(recipe.to_yaml())
        if finished:
            (folder / "generate" / "queries.jsonl").write_text("{}\n")
            options = recipe.steps[0].options.model_dump(mode="json")
            write_json(folder / "generate" / "queries.jsonl.meta.json", {"options": options})
        return folder

    return make


def check(folder: Path, *overrides: str, recipe: str = "extractive") -> None:
    check_replaced(load_recipe(recipe, list(overrides)).steps, folder)


def test_a_forgotten_option_is_told_with_what_to_repeat(ran: Ran) -> None:
    folder = ran(*WRITTEN)
    with pytest.raises(InparsError) as error:
        check(folder)
    assert "was written by openai:gpt-x" in error.value.message
    for told in (
        'model: "openai:gpt-x" -> ""',
        'prompt: "zero-shot" -> "inpars"',
        "queries_per_document: 1 -> 4",
    ):
        assert told in error.value.message
    for again in WRITTEN:
        assert f"--set {again}" in error.value.hint
    assert "--output" in error.value.hint
    assert "--replace" in error.value.hint


def test_what_it_says_to_repeat_keeps_them(ran: Ran) -> None:
    folder = ran(*WRITTEN, "generate.openai.base_url=http://x/v1?a=b c", "generate.query_form=title", "generate.seed=7")
    with pytest.raises(InparsError) as error:
        check(folder, "generate.openai.base_url=http://other")
    words = shlex.split(error.value.hint.partition("written: ")[2].partition("; or ")[0])
    check(folder, *[word for word in words if word != "--set"])


def test_the_same_options_and_those_of_speed_or_place_do_not_ask(ran: Ran) -> None:
    folder = ran(*WRITTEN)
    check(folder, *WRITTEN)
    check(folder, *WRITTEN, "generate.openai.concurrency=2", "generate.openai.cache=/elsewhere", "train.epochs=2")


def test_units_that_are_not_joined_yet_count(ran: Ran) -> None:
    folder = ran(*WRITTEN, finished=False)
    check(folder)
    (folder / "generate" / ".queries.jsonl.units" / "000000.jsonl").write_text("{}\n")
    with pytest.raises(InparsError, match="openai:gpt-x"):
        check(folder)


def test_extracted_queries_cost_nothing(ran: Ran) -> None:
    check(ran(), *WRITTEN)


def test_the_recipe_of_a_later_call_that_came_to_nothing_hides_nothing(ran: Ran) -> None:
    folder = ran(*WRITTEN)
    (folder / "recipe.yaml").write_text(load_recipe("extractive").to_yaml())
    with pytest.raises(InparsError, match="openai:gpt-x"):
        check(folder)


def test_another_stage_in_the_place_of_the_step(ran: Ran, tmp_path: Path) -> None:
    folder = ran(*WRITTEN)
    recipe = tmp_path / "given.yaml"
    steps = {"generate": {"stage": "queries", "file": "q.jsonl"}, "negatives": {}, "train": {}}
    recipe.write_text(yaml.safe_dump({"steps": steps}))
    with pytest.raises(InparsError, match='stage: "generate" -> "queries"'):
        check(folder, recipe=str(recipe))


@pytest.mark.parametrize(
    "text",
    [
        "name: old\nsteps:\n  generate: {stage: generate, model: 'openai:gpt-x', gone_option: 3}\n",
        "name: old\nsteps:\n  generate: {model: 'openai:gpt-x', openai: nonsense, extractive: [1]}\n",
    ],
)
def test_a_recipe_of_an_older_version_is_read_as_far_as_it_goes(text: str, ran: Ran) -> None:
    folder = ran(*WRITTEN)
    (folder / "recipe.yaml").write_text(text)
    (folder / "generate" / "queries.jsonl.meta.json").unlink()
    with pytest.raises(InparsError, match='model: "openai:gpt-x" -> ""'):
        check(folder)
    # What it does not say was as it is by default.
    check(folder, "generate.model=openai:gpt-x", "generate.prompt=inpars", *as_by_default())


def as_by_default() -> list[str]:
    options = load_recipe("extractive").steps[0].options
    defaults: dict[str, Any] = type(options)().model_dump(mode="json")
    changed = {name: value for name, value in options.model_dump(mode="json").items() if value != defaults[name]}
    return [f"generate.{name}={yaml.safe_dump(defaults[name], default_flow_style=True).strip()}" for name in changed]


@pytest.mark.parametrize("text", ["", "[", "[1]", "steps: 3", "steps: {generate: 3}", "steps: {generate: }", "\x00"])
def test_a_recipe_that_is_none_asks_nothing(text: str, ran: Ran) -> None:
    folder = ran(*WRITTEN)
    (folder / "recipe.yaml").write_text(text)
    check(folder)


def test_a_run_stops_before_anything_and_goes_on_where_it_may(
    toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path
) -> None:
    small = [f"train.base_model={tiny_bi_encoder}", "train.held_out_queries=10", "train.max_steps=1"]
    small += ["evaluate.permutations=99", "evaluate.bootstraps=99", "negatives.skip_top=0"]
    small += ["generate.queries_per_document=2", "generate.temperature=0.7"]
    output = tmp_path / "run"
    inpars.run("extractive", corpus=toy_corpus, output=output, set=[*small, "generate.backend=dummy"])
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    with pytest.raises(InparsError, match='backend: "dummy" -> "auto"'):
        inpars.run("extractive", corpus=toy_corpus, output=output, set=small)
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    inpars.run("extractive", corpus=toy_corpus, output=output, set=small, replace=True)
    facts = read_json(output / "generate" / "queries.jsonl.meta.json")
    assert facts["options"]["backend"] == "auto"

"""Recipes: reading, checking, overriding."""

import pytest
import yaml

from inpars.errors import InparsError, OptionError
from inpars.pipeline.recipe import Recipe, load_recipe, recipe_names


def recipe(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_every_recipe_that_ships_is_valid():
    assert "quickstart" in recipe_names()
    for name in recipe_names():
        loaded = load_recipe(name)
        assert loaded.name == name
        assert loaded.description


def test_each_step_takes_the_nearest_earlier_step_that_gives_what_it_needs(tmp_path):
    path = recipe(
        tmp_path,
        """
        name: twice
        steps:
          generate: {}
          clean: {stage: filter, methods: [length]}
          draft: {stage: negatives}
          again: {stage: filter, input: generate, methods: [duplicates]}
          negatives: {}
        """,
    )
    inputs = {step.name: step.input for step in load_recipe(path).steps}
    assert inputs == {"generate": "", "clean": "generate", "draft": "clean", "again": "generate", "negatives": "again"}


def test_overrides_reach_nested_options_and_are_read_as_yaml():
    changed = load_recipe(
        "quickstart",
        [
            "train.learning_rate=1e-4",
            "generate.extractive.mixture.title=0",
            "filter.methods=[length]",
            "rerank.fusion=none",
        ],
    )
    options = {step.name: step.options for step in changed.steps}
    assert options["train"].learning_rate == 1e-4
    assert options["generate"].extractive.mixture.title == 0
    assert options["generate"].extractive.mixture.sentence == 3
    assert options["filter"].methods == ("length",)
    assert options["rerank"].fusion == "none"


def test_nothing_after_the_sign_is_the_empty_text_and_null_is_no_value():
    changed = load_recipe("extractive", ["generate.model=", "rerank.device=null"])
    options = {step.name: step.options for step in changed.steps}
    assert options["generate"].model == ""
    assert options["rerank"].device is None


def test_a_reference_needs_no_quotes():
    step = load_recipe("extractive", ["rerank.first_stage=@train"]).steps[4]
    assert step.options.retriever == "@train"


def test_a_spelt_out_recipe_loads_as_the_same_recipe(tmp_path):
    loaded = load_recipe("extractive", ["train.seed=7"])
    again = load_recipe(recipe(tmp_path, loaded.to_yaml()))
    assert again == loaded
    assert yaml.safe_load(loaded.to_yaml())["steps"]["train"]["seed"] == 7


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epoch=3", "did you mean 'epochs'"),
        ("trian.epochs=3", "did you mean 'train'"),
        ("train.epochs", "step.option=value"),
        ("train.base_shares=[0.5", "is no YAML"),
        ("train.epochs=many", "train.epochs"),
        ("rerank.fusion=off", "auto, or none"),
        ("generate.extractive.mixtur.title=1", "did you mean 'mixture'"),
    ],
)
def test_a_wrong_override_is_named(override, message):
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        load_recipe("extractive", [override])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: {filter: {}}", "takes queries, and no step before it gives any"),
        ("steps: {generate: {}, rerank: {input: generate}}", "takes a model, and its input 'generate' gives queries"),
        ("steps: {train: {}}", "takes triples or queries, and no step before it gives any"),
        ("steps: {generate: {}, filter: {input: nothing}}", "unknown input of step 'filter'"),
        ("steps: {generat: {}}", "did you mean 'generate'"),
        ("steps: {../generate: {stage: generate}}", "a step is named in letters"),
        ("steps: {generate: 3}", "expected options as a mapping"),
        ("steps: [generate]", "expected a mapping with 'steps'"),
        ("stages: {}", "expected a mapping with 'steps'"),
        ("steps: {generate: {}}\nextra: 1", "unknown key 'extra'"),
        ("steps: {generate: {}", "is not YAML"),
    ],
)
def test_a_broken_recipe_is_explained(tmp_path, text, message):
    with pytest.raises(InparsError, match=message):
        load_recipe(recipe(tmp_path, text))


def test_a_recipe_in_another_encoding_is_explained(tmp_path):
    (tmp_path / "mine.yaml").write_bytes("name: größer".encode("latin1"))
    with pytest.raises(InparsError, match=r"mine\.yaml, line 1: expected UTF-8 text"):
        load_recipe(tmp_path / "mine.yaml")


def test_an_unknown_recipe_suggests_one():
    with pytest.raises(OptionError, match="did you mean 'quickstart'"):
        load_recipe("quikstart")
    with pytest.raises(InparsError, match="no recipe at"):
        load_recipe("nowhere/mine.yaml")


def languages(loaded: Recipe) -> dict[str, str]:
    options = {step.name: step.options for step in loaded.steps}
    nested = {"filter": options["filter"].consistency.language}
    return nested | {name: options[name].language for name in ("negatives", "train", "rerank")}


def test_one_language_holds_for_every_step_that_does_not_say_another(tmp_path):
    steps = yaml.safe_load(load_recipe("extractive").to_yaml())["steps"]
    assert set(languages(load_recipe("extractive")).values()) == {"auto"}
    spoken = load_recipe("extractive", ["negatives.language=ko"], "ja")
    assert languages(spoken) == {"filter": "ja", "negatives": "ko", "train": "ja", "rerank": "ja"}
    bare = {name: {"stage": step["stage"]} for name, step in steps.items()}
    path = recipe(tmp_path, yaml.safe_dump({"language": "ja", "steps": bare}, sort_keys=False))
    assert set(languages(load_recipe(path)).values()) == {"ja"}
    assert set(languages(load_recipe(path, [], "zh")).values()) == {"zh"}


def test_a_language_that_is_none_is_refused():
    with pytest.raises(OptionError, match="unknown language 'klingon'"):
        load_recipe("extractive", [], "klingon")

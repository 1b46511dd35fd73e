"""`@step` in a recipe: checked when it is loaded, replaced by the step's model when it runs."""

from pathlib import Path

import pytest
import yaml

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.errors import OptionError
from inpars.pipeline.recipe import load_recipe
from inpars.pipeline.steps import Context

DRAFT = "draft: {stage: train, family: bi-encoder}"


@pytest.fixture
def load(tmp_path):
    def load(*steps, overrides=()):
        path = tmp_path / "mine.yaml"
        path.write_text("name: mine\nsteps:\n" + "".join(f"  {step}\n" for step in ("generate: {}", *steps)))
        return load_recipe(path, list(overrides))

    return load


def resolved(recipe, folder="run"):
    """The options of each step as a run in `folder` would carry it out."""
    outputs = {step.name: Path(folder) / step.name / "model" for step in recipe.steps}
    context = Context(Path(folder), MemoryCorpus([Document("d", "a document")]), None, outputs=outputs)
    return {step.name: step.resolved(context).options for step in recipe.steps}


def options(recipe, step):
    return next(s for s in recipe.steps if s.name == step).options


def test_a_reference_stands_in_the_recipe_as_it_was_written(load, tmp_path):
    recipe = load(
        DRAFT,
        "round_trip: {stage: filter, methods: [length, {consistency: {retriever: '@draft'}}]}",
        "negatives: {retriever: [bm25, '@draft']}",
        "train: {base_model: '@draft'}",
        "rerank: {first_stage: dense, retriever: '@draft'}",
    )
    steps = yaml.safe_load(recipe.to_yaml())["steps"]
    assert steps["round_trip"]["methods"] == ["length", {"consistency": {"retriever": "@draft"}}]
    assert steps["negatives"]["retriever"] == ["bm25", "@draft"]
    assert steps["train"]["base_model"] == steps["rerank"]["retriever"] == "@draft"
    (tmp_path / "again.yaml").write_text(recipe.to_yaml())
    assert load_recipe(tmp_path / "again.yaml") == recipe


def test_a_first_stage_that_is_a_reference_is_a_dense_one(load):
    recipe = load(DRAFT, "rerank: {first_stage: '@draft'}")
    assert (options(recipe, "rerank").first_stage, options(recipe, "rerank").retriever) == ("dense", "@draft")
    back = load(DRAFT, "rerank: {first_stage: '@draft'}", overrides=["rerank.first_stage=bm25"])
    assert (options(back, "rerank").first_stage, options(back, "rerank").retriever) == ("bm25", None)


def test_when_a_step_runs_references_become_models_wherever_they_stand(load):
    recipe = load(
        DRAFT,
        "other: {stage: train, family: bi-encoder}",
        "round_trip: {stage: filter, methods: [length, {consistency: {retriever: '@draft'}}]}",
        "negatives: {retriever: [bm25, '@draft', '@other'], teacher: '@other'}",
        "train: {}",
        "rerank: {first_stage: '@draft'}",
    )
    steps = resolved(recipe)
    assert steps["round_trip"].methods[1]["consistency"]["retriever"] == "run/draft/model"
    assert steps["negatives"].retriever == ("bm25", "run/draft/model", "run/other/model")
    assert steps["negatives"].teacher == "run/other/model"
    assert steps["rerank"].retriever == "run/draft/model"
    assert steps["generate"] == options(recipe, "generate"), "a step without references stays as it is"


def test_searches_of_a_run_with_the_same_model_share_its_index(load):
    recipe = load(
        DRAFT,
        "round_trip: {stage: filter, methods: [{consistency: {retriever: '@draft'}}]}",
        "negatives: {retriever: '@draft'}",
        "train: {}",
        "rerank: {first_stage: '@draft'}",
    )
    found = resolved(recipe)
    places = {found["round_trip"].methods[0]["consistency"]["index"], found["negatives"].index, found["rerank"].index}
    assert places == {Path("run/draft/index")}


def test_searches_of_a_run_by_bm25_share_its_index_unless_one_has_its_own(load):
    recipe = load(
        "round_trip: {stage: filter, methods: [consistency], consistency: {retriever: bm25, top_k: 3}}",
        "negatives: {}",
        "merged: {stage: negatives, retriever: [bm25, a-model]}",
        "dense: {stage: negatives, retriever: a-model}",
        "own: {stage: negatives, index: elsewhere}",
        "train: {}",
        "rerank: {}",
    )
    found = resolved(recipe)
    places = [found[name].index for name in ("negatives", "merged", "dense", "own", "rerank")]
    assert places == [Path("run/index"), None, None, Path("elsewhere"), Path("run/index")]
    assert found["round_trip"].consistency.index == Path("run/index")


def test_where_a_model_lies_is_no_part_of_what_a_step_depends_on(load):
    recipe = load(
        DRAFT,
        "round_trip: {stage: filter, methods: [{consistency: {retriever: '@draft', reranker: '@draft'}}, reranker], "
        "reranker: {model: '@draft'}}",
        "negatives: {retriever: '@draft', teacher: '@draft', relabel: {scorer: '@draft'}, "
        "positive_aware: {scorer: '@draft', max_share: 0.95}}",
        "train: {base_model: '@draft'}",
        "rerank: {first_stage: '@draft'}",
    )
    here, there = (
        {name: options.identity() for name, options in resolved(recipe, run).items()} for run in ("here", "there")
    )
    assert here == there


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((DRAFT, "negatives: {retriever: '@daft'}"), r"negatives\.retriever 'daft'[\s\S]*did you mean 'draft'"),
        (("negatives: {retriever: '@draft'}", DRAFT), "step 'draft' does not come before step 'negatives'"),
        (("negatives: {retriever: '@generate'}",), "step 'generate' gives queries, where a model is wanted"),
        (
            (DRAFT, "round_trip: {stage: filter, methods: [{consistency: {retriever: '@daft'}}]}"),
            r"round_trip\.methods\.consistency\.retriever 'daft'",
        ),
        (("draft: {stage: train, base_model: '@draft'}",), "step 'draft' does not come before step 'draft'"),
        (
            (
                "mined: {stage: negatives}",
                "draft: {stage: train, family: cross-encoder}",
                "again: {stage: negatives, retriever: '@draft'}",
            ),
            "trains a cross-encoder, and only a bi-encoder can retrieve",
        ),
        ((DRAFT, "rerank: {first_stage: '@daft'}"), "did you mean 'draft'"),
    ],
)
def test_a_reference_that_cannot_be_is_explained_before_anything_runs(load, steps, message):
    with pytest.raises(OptionError, match=message):
        load(*steps)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            ("draft: {stage: train, family: cross-encoder}",),
            "pointwise learns from negatives, and its input 'generate'",
        ),
        (("negatives: {}", "train: {loss: margin-mse}"), "a teacher's scores, and its input 'negatives' writes none"),
        (("negatives: {}", "train: {family: seq2seq}", "search: {}"), "'train' is a seq2seq, which cannot search"),
        ((DRAFT, "rerank: {first_stage: dense}"), "first_stage dense needs a bi-encoder"),
        ((DRAFT, "evaluate: {input: draft}"), "takes runs, and its input 'draft' gives a model"),
        (("negatives: {}", "mined: {stage: train, input: negatives}", "rerank: {input: negatives}"), "takes a model"),
    ],
)
def test_what_could_only_fail_hours_later_is_found_when_the_recipe_is_loaded(load, steps, message):
    with pytest.raises(OptionError, match=message):
        load(*steps)


def test_train_prefers_triples_and_else_takes_queries(load):
    recipe = load(DRAFT, "negatives: {}", "clean: {stage: filter}", "train: {}")
    assert [(step.name, step.input) for step in recipe.steps if step.stage.name == "train"] == [
        ("draft", "generate"),
        ("train", "negatives"),
    ]

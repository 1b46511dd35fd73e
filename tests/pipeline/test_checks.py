"""Models that a recipe names and that cannot be had, found before the first step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import inpars
from inpars.errors import InparsError
from inpars.pipeline.checks import check_models
from inpars.pipeline.recipe import load_recipe


def check(tmp_path: Path, *overrides: str, recipe: str = "quickstart") -> None:
    check_models(load_recipe(recipe, ["train.base_model=dir", *overrides]).steps, tmp_path / "run")


@pytest.fixture(autouse=True)
def a_folder_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "config.json").write_text("{}")


def test_models_that_can_be_had(tmp_path: Path) -> None:
    check(tmp_path)
    check(tmp_path, "generate.model=dir", "negatives.retriever=[bm25, dir]", "rerank.first_stage='@train'")


def test_models_of_a_server_and_of_vllm_are_not_looked_for(tmp_path: Path) -> None:
    check(tmp_path, "generate.model=openai:gpt-x", "filter.methods=[judge]", "filter.judge.model=vllm:some/model")
    check(tmp_path, "generate.model=gpt-x", "generate.backend=openai")


def test_methods_that_are_not_applied_need_no_models(tmp_path: Path) -> None:
    check(tmp_path, "filter.methods=[length, duplicates]", "filter.consistency.reranker=gone/x")
    check(tmp_path, "filter.methods=[duplicates]", "filter.duplicates.model=gone/x")


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ("train.base_model", ()),
        ("generate.model", ()),
        ("negatives.retriever", ()),
        ("negatives.teacher", ()),
        ("negatives.relabel.scorer", ()),
        ("negatives.relabel.judge.model", ()),
        ("negatives.positive_aware.scorer", ("negatives.positive_aware.margin=1",)),
        ("filter.reranker.model", ("filter.methods=[reranker]",)),
        ("filter.consistency.retriever", ("filter.methods=[consistency]",)),
        ("filter.consistency.reranker", ("filter.methods=[consistency]",)),
        ("filter.judge.model", ("filter.methods=[judge]",)),
        ("filter.duplicates.model", ("filter.methods=[duplicates]", "filter.duplicates.kind=embeddings")),
        ("rerank.retriever", ("rerank.first_stage=dense",)),
    ],
)
def test_every_option_that_names_a_model(option: str, more: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for model, why in (
        ("./gone", "there is no such folder"),
        (str(tmp_path / "empty"), "the folder has none of config.json"),
        ("nosuch/model", "offline (HF_HUB_OFFLINE) the Hub's cache has no such model"),
    ):
        with pytest.raises(InparsError) as error:
            check(tmp_path, f"{option}={model}", *more)
        assert error.value.message.startswith(f"{option}: there is no model {model!r}: ")
        assert why in error.value.message


def test_steps_that_are_done_may_do_without_their_models(tmp_path: Path) -> None:
    (tmp_path / "run" / "train").mkdir(parents=True)
    with pytest.raises(InparsError, match=r"train\.base_model"):
        check(tmp_path, "train.base_model=./gone")
    (tmp_path / "run" / "train" / "model.meta.json").write_text("{}")
    check(tmp_path, "train.base_model=./gone")


def test_it_takes_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from inpars.pipeline.recipe import load_recipe; from inpars.pipeline.checks import check_models; "
        "from pathlib import Path; "
        "check_models(load_recipe('quickstart', ['train.base_model=dir']).steps, Path('run'));"
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_run_looks_before_its_first_step(tmp_path: Path, toy_corpus: Path) -> None:
    with pytest.raises(InparsError, match=r"train\.base_model: there is no model '\./gone'"):
        inpars.run(corpus=toy_corpus, output=tmp_path / "run", set=["train.base_model=./gone"])
    assert not (tmp_path / "run").exists()

"""The recipes of published methods, run from end to end with tiny models in the place of theirs."""

import json
import shutil

import pytest

import inpars
from inpars.data.files import read_jsonl
from inpars.data.runs import read_run
from inpars.data.triples import read_triples


@pytest.fixture(scope="module")
def run(toy_corpus, stand_ins):
    """Run a recipe in a folder, with further overrides."""

    def run(recipe, folder, *more, corpus=toy_corpus):
        return inpars.run(recipe, corpus=corpus, output=folder, set=[*stand_ins[recipe], *more])

    return run


@pytest.fixture(scope="module")
def finished(run, tmp_path_factory):
    """The folder of a finished run of a recipe, to be looked at and left as it is."""
    folders = {}

    def finished(recipe):
        if recipe not in folders:
            folders[recipe] = tmp_path_factory.mktemp(recipe) / "run"
            run(recipe, folders[recipe])
        return folders[recipe]

    return finished


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of a finished run, to go on with."""
    return lambda recipe: shutil.copytree(finished(recipe), tmp_path / "copy")


def redone(folder):
    """The steps that the last call had work to do for."""
    steps = json.loads((folder / "manifest.json").read_text())["steps"]
    return [name for name, step in steps.items() if not step["reused"]]


@pytest.mark.parametrize("recipe", ["inpars-v1", "inpars-v2", "promptagator", "inpars-light", "gpl"])
def test_a_published_method_runs_from_documents_to_figures_and_a_second_call_does_nothing(
    finished, run, capsys, recipe
):
    folder = finished(recipe)
    metrics = json.loads((folder / "metrics.json").read_text())
    first_stage = "dense" if recipe == "promptagator" else "bm25"
    assert list(metrics["systems"]) == [first_stage, "base", "tuned"]
    assert ("tuned", first_stage) in {(row["system"], row["baseline"]) for row in metrics["comparisons"]}
    assert metrics["verdict"]
    stamps = {path: path.stat().st_mtime_ns for path in folder.rglob("*.meta.json")}
    assert run(recipe, folder) == metrics
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.meta.json")} == stamps
    assert "nothing to do" in capsys.readouterr().err


def test_promptagator_measures_its_retriever_and_its_reranker(finished):
    folder = finished("promptagator")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics["earlier"]) == {"evaluate_retriever"}
    assert list(metrics["earlier"]["evaluate_retriever"]["systems"]) == ["bm25", "base", "tuned"]
    # What the retriever finds is what the reranker gets.
    retrieved = read_run(folder / "search" / "tuned.trec")
    first_stage = read_run(folder / "rerank" / "dense.trec")
    assert {q: list(scores)[:20] for q, scores in retrieved.items()} == {q: list(s) for q, s in first_stage.items()}


def test_promptagator_trains_on_what_passed_the_round_trip(finished):
    folder = finished("promptagator")
    dropped = [row for _, row in read_jsonl(folder / "round_trip" / "queries.dropped.jsonl")]
    assert {row["dropped_by"] for row in dropped} == {"consistency"}
    triples = list(read_triples(folder / "negatives" / "triples.jsonl"))
    assert triples
    assert not {triple.query_id for triple in triples} & {row["query_id"] for row in dropped}
    assert all(len(triple.negative_ids) == 31 for triple in triples)


def test_the_recipe_of_a_run_names_steps_where_it_was_told_to(finished):
    folder = finished("promptagator")
    recipe = (folder / "recipe.yaml").read_text()
    assert "'@draft'" in recipe
    assert "'@retriever'" in recipe
    assert str(folder) not in recipe


def test_gpls_triples_hold_the_teachers_scores(finished):
    triples = list(read_triples(finished("gpl") / "negatives" / "triples.jsonl"))
    assert triples
    assert all(len(triple.teacher_scores) == 1 + len(triple.negative_ids) for triple in triples)


@pytest.mark.parametrize("recipe", ["promptagator", "inpars-light", "gpl"])
def test_without_judgments_the_held_out_queries_are_scored(copied, run, toy_corpus, recipe):
    metrics = run(recipe, copied(recipe), corpus=toy_corpus / "corpus.jsonl")
    assert metrics["test_set"]["kind"] == "held-out synthetic queries"
    flattered = any("flatter" in sentence for sentence in metrics["verdict"])
    assert flattered == (recipe == "promptagator"), "its first stage was trained in the same run"


def test_a_changed_draft_redoes_what_depends_on_it_and_nothing_else(copied, run):
    folder = copied("promptagator")
    run("promptagator", folder, "draft.learning_rate=1e-2")
    again = redone(folder)
    assert {"generate", "clean"}.isdisjoint(again)
    assert {"draft", "round_trip", "retriever", "negatives", "train", "rerank"} <= set(again)


def test_a_run_elsewhere_gives_the_same_bytes_and_moved_again_is_still_up_to_date(finished, run, tmp_path, capsys):
    def files(folder):
        steady = (".jsonl", ".trec", "metrics.json", ".tsv", "recipe.yaml", ".safetensors")
        return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.name.endswith(steady)}

    there = tmp_path / "there"
    run("promptagator", there)
    one, two = files(finished("promptagator")), files(there)
    assert len(one) > 20
    assert {path for path in one.keys() | two.keys() if one.get(path) != two.get(path)} == set()
    there.rename(tmp_path / "moved")
    capsys.readouterr()
    run("promptagator", tmp_path / "moved")
    assert "nothing to do" in capsys.readouterr().err


def test_a_base_without_a_head_is_not_measured_and_that_is_said(run, tiny_bi_encoder, tmp_path):
    encoder = tiny_bi_encoder.parent / "bert"
    metrics = run("inpars-light", tmp_path / "run", f"train.base_model={encoder}", "train.min_gain=0")
    assert list(metrics["systems"]) == ["bm25", "tuned"]
    assert "base" in metrics["verdict"][0]

"""`inpars reproduce --dry-run`: what it would take, without taking any of it."""

import socket

import pytest

import inpars.cli
from inpars.errors import InparsError
from inpars.pipeline.dry_run import dry_run
from inpars.pipeline.foresight import foresee
from inpars.pipeline.recipe import load_recipe


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """Whoever opens a connection fails, and nothing is in any cache."""

    def refuse(*_arguments, **_more):
        raise AssertionError("a dry run went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


def told(*arguments, **more):
    rows = {}
    for what, how_much in dry_run(*arguments, **more):
        rows.setdefault(what, []).append(how_much)
    return rows


def test_the_published_sizes_stand_where_no_copy_is_given():
    rows = told("inpars-v2", dataset="scifact")
    assert (rows["documents"], rows["test queries"]) == (["5,183"], ["300"])
    assert rows["step generate"] == ["5,183 documents, 1 query each, by EleutherAI/gpt-j-6B, prompt inpars-gbq"]
    # The filter's, and twice a thousand for each query.
    assert rows["pairs to score"][0].startswith("605,183 ")
    assert [model.split(":")[0] for model in rows["model"]] == [
        "EleutherAI/gpt-j-6B",
        "castorini/monot5-3b-msmarco-10k",
    ]
    assert rows["model"][1].endswith("3,000 million parameters, to be downloaded")
    assert rows["download"] == ["ir_datasets:beir/scifact, 3 MB, unless ir_datasets has it already"]
    assert any("156 steps, A100: 0.5 hours" in cost for cost in rows["published cost"])
    assert any("at most: 2.5 hours" in cost for cost in rows["published cost"])


@pytest.mark.parametrize("method", ["inpars-v1", "inpars-v2", "promptagator", "inpars-light", "gpl"])
def test_a_local_copy_is_counted_and_nothing_is_downloaded_for_it(method, toy_corpus):
    rows = told(method, dataset="scifact", corpus=toy_corpus)
    assert (rows["documents"], rows["test queries"]) == (["60"], ["10"])
    assert "download" not in rows


def test_a_model_on_this_machine_is_weighed_and_one_in_the_cache_is_found(toy_corpus, tmp_path):
    (tmp_path / "t5").mkdir()
    (tmp_path / "t5" / "model.safetensors").write_bytes(b"0" * 2_340_000)
    (tmp_path / "hub" / "hub" / "models--EleutherAI--gpt-j-6B" / "snapshots" / "abc").mkdir(parents=True)
    settings = [f"filter.reranker.model={tmp_path / 't5'}", f"train.base_model={tmp_path / 't5'}"]
    first, second = told("inpars-v2", dataset="scifact", corpus=toy_corpus, set=settings)["model"]
    assert "in the cache of the Hub" in first
    assert second == f"{tmp_path / 't5'}: on this machine, 2.3 MB"


def test_published_queries_need_no_language_model(toy_corpus):
    rows = told("inpars-v2", dataset="scifact", corpus=toy_corpus, published_queries=True)
    assert rows["step queries"] == ["10,000 queries that are there already"]
    assert "step generate" not in rows
    assert len(rows["model"]) == 1
    assert rows["download"] == ["queries v2/scifact, 9.87 MB, unless they are in the cache already"]


def test_a_dataset_in_parts_is_counted_whole_and_told_for_one():
    rows = told("inpars-v1", dataset="cqadupstack")
    assert (rows["documents"], rows["test queries"]) == (["457,199"], ["13,145"])
    assert rows["parts"][0].startswith("12,")
    assert rows["pairs to score"][0].startswith(f"{2 * 13_145 * 1000:,} ")


def test_pairs_are_counted_where_they_are_scored():
    assert foresee(load_recipe("inpars-light"), 1000, 10).pairs == 1000 * 100 + 2 * 10 * 100
    assert foresee(load_recipe("gpl"), 1000, 10).pairs == 3000 * 101
    assert foresee(load_recipe("promptagator"), 100, 10).pairs == 2 * 10 * 100, "no more than there are documents"
    assert foresee(load_recipe("inpars-v2"), 200_000, 10).pairs == 100_000 + 2 * 10 * 1000
    assert "the best 10,000 kept" in dict(foresee(load_recipe("inpars-v2"), 200_000, 10).steps)["filter"]


def test_what_is_not_public_needs_a_copy():
    with pytest.raises(InparsError, match="give your copy of it"):
        told("inpars-v2", dataset="bioasq")


def test_the_command_prints_it_and_leaves_nothing(toy_corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inpars.cli.main(["reproduce", "promptagator", "--dataset", "fiqa", "--corpus", str(toy_corpus), "--dry-run"])
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("step round_trip", "promptagator-fiqa", "pairs to score"))
    assert not list(tmp_path.iterdir())

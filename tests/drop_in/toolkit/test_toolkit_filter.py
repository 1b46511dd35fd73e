"""The toolkit's filter: its own files in, the best queries out, best first."""

from __future__ import annotations

import json

import pytest

from inpars.data.files import read_jsonl
from inpars.drop_in.toolkit.filter import FilterFlags, stage_options
from inpars.drop_in.toolkit.flags import read_flags
from inpars.filter.config import FilterConfig


def theirs(query, log_probs, text="lift and drag of a slender wing", doc_id="d00"):
    """A row as the toolkit's generate writes it."""
    row = {"doc_id": doc_id, "text": text, "query": query, "log_probs": log_probs}
    return row | {"prompt_text": "Document:", "fewshot_examples": []}


def options_of(arguments):
    flags = read_flags(FilterFlags, "filter", f"--input=i --output=o {arguments}".split())
    return FilterConfig(**stage_options(flags)).steps()


@pytest.fixture
def filtered(typed, write_jsonl, tmp_path):
    def run(rows, *arguments):
        typed("filter", "--input", write_jsonl(rows), "--output", tmp_path / "kept.jsonl", *arguments)
        return [row for _, row in read_jsonl(tmp_path / "kept.jsonl")]

    return run


def test_scores_are_the_mean_log_probability_and_the_best_come_first(filtered):
    rows = [theirs("one", [-1, -1, -4]), theirs("two", [-1, -1, -1]), theirs("three", [-2, -2, -2, -2])]
    kept = filtered(rows, "--filter_strategy=scores")
    assert [(row["query"], row["score"]) for row in kept] == [("two", -1), ("one", -2), ("three", -2)]
    assert {"query", "log_probs", "prompt_text", "doc_id", "fewshot_examples", "text", "score"} <= kept[0].keys()
    assert kept[0]["text"] == "lift and drag of a slender wing"


def test_only_the_best_k_are_kept(filtered):
    rows = [theirs(f"query {n}", [-n, -n, -n]) for n in range(1, 8)]
    assert [row["query"] for row in filtered(rows, "--filter_strategy", "scores", "--keep_top_k", "0_3")] == [
        "query 1",
        "query 2",
        "query 3",
    ]


def test_tokens_are_counted_by_log_probabilities_three_at_least(filtered, tmp_path):
    rows = [theirs("a long enough query in words", [-1, -1]), theirs("short", [-1] * 3), theirs("longest", [-1] * 5)]
    assert {row["query"] for row in filtered(rows, "--filter_strategy=scores")} == {"short", "longest"}
    dropped = [json.loads(line) for line in (tmp_path / "kept.dropped.jsonl").read_text().splitlines()]
    assert dropped[0]["reason"] == "2 tokens, fewer than 3"
    assert [row["query"] for row in filtered(rows, "--filter_strategy=scores", "--max_tokens=4")] == ["short"]
    assert len(filtered(rows, "--filter_strategy=scores", "--min_tokens=0")) == 3


def test_copied_questions_are_kept_unless_the_flag_is_there(filtered):
    rows = [theirs("Slender wing", [-1] * 3), theirs("what lifts a wing", [-1] * 3)]
    assert len(filtered(rows, "--filter_strategy=scores")) == 2
    kept = filtered(rows, "--filter_strategy=scores", "--skip_questions_copied_from_context")
    assert [row["query"] for row in kept] == ["what lifts a wing"]


def test_a_reranker_scores_queries_with_their_documents(filtered, reranker, toy_corpus, toy_rows):
    rows = [theirs("lift and drag", [-1] * 3, toy_rows[n]["text"], toy_rows[n]["_id"]) for n in range(6)]
    kept = filtered(
        rows, "--filter_strategy", "reranker", "--model_name_or_path", reranker, "--keep_top_k", 4, "--device", "cpu",
        "--dataset", toy_corpus, "--dataset_source", "ir_datasets",
    )  # fmt: skip
    scores = [row["score"] for row in kept]
    assert len(set(scores)) == 4
    assert scores == sorted(scores, reverse=True)


def test_a_model_that_does_not_say_how_it_is_asked_is_asked_as_monot5_and_said(filtered, tiny_models, capsys):
    filtered([theirs("a", [-1] * 3)], "--filter_strategy=reranker", f"--model_name_or_path={tiny_models / 't5'}")
    assert "asked as monot5, by the toolkit's rule" in capsys.readouterr().err


def test_the_flags_of_a_reranker_reach_it(reranker):
    steps = dict(options_of(f"--filter_strategy reranker --model_name_or_path {reranker} --fp16 --device cuda:1"))
    assert list(steps) == ["length", "reranker"]
    options = steps["reranker"]
    assert (options.model, options.precision, options.device) == (str(reranker), "fp16", "cuda:1")
    assert (options.keep_top_k, options.scheme) == (10_000, None)
    assert dict(options_of("--filter_strategy scores"))["scores"].keep_top_k == 10_000


def test_what_generate_wrote_is_filtered_as_it_is(typed, queries, work):
    kept = work / "kept.jsonl"
    typed("filter", "--input", queries, "--filter_strategy", "scores", "--keep_top_k", "10", "--output", kept)
    rows = [row for _, row in read_jsonl(kept)]
    assert len(rows) == 10
    best = sorted((sum(row["log_probs"]) / len(row["log_probs"]) for _, row in read_jsonl(queries)), reverse=True)
    assert [row["score"] for row in rows] == pytest.approx(best[:10])


def test_the_input_is_never_overwritten_however_it_is_spelt(typed, write_jsonl, tmp_path, monkeypatch, capsys):
    path = write_jsonl([theirs("one", [-1] * 3)], "q.jsonl")
    before = path.read_bytes()
    monkeypatch.chdir(path.parent)
    for spelling in ("q.jsonl", "./q.jsonl", f"../{path.parent.name}/q.jsonl"):
        with pytest.raises(SystemExit) as stopped:
            typed("filter", "--input", path, "--output", spelling, "--filter_strategy=scores")
        assert stopped.value.code == 2
        assert "the place of the input" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_how_a_model_is_asked_can_be_said(filtered, tiny_models, capsys):
    model = f"--model_name_or_path={tiny_models / 't5'}"
    filtered([theirs("a", [-1] * 3)], "--filter_strategy=reranker", model, "--scheme=flan-t5", "--device=cpu")
    assert "by the toolkit's rule" not in capsys.readouterr().err
    assert dict(options_of(f"--filter_strategy reranker {model} --scheme mt5"))["reranker"].scheme == "mt5"

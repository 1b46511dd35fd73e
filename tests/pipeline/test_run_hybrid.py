"""A recipe whose bi-encoder searches together with BM25."""

import json
from itertools import pairwise

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.runs import read_run
from inpars.data.test_sets import open_test_set
from inpars.errors import OptionError
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.dense import Dense
from inpars.retrieve.fusion import fuse

SYSTEMS = ["bm25", *(f"{m}{s}" for m in ("base", "tuned") for s in ("", "_fused", "_dense", "_hybrid"))]


@pytest.fixture
def options(small):
    return [*small, "train.keep=last", "rerank.first_stage=hybrid"]


@pytest.fixture
def judged(toy_corpus):
    return {"queries": toy_corpus / "queries.jsonl", "qrels": toy_corpus / "qrels" / "test.tsv"}


def test_every_system_is_measured_with_and_without_judgments(toy_corpus, tmp_path, options, judged):
    corpus = toy_corpus / "corpus.jsonl"
    for test_set in (judged, {}):
        metrics = inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=options, **test_set)
        assert list(metrics["systems"]) == SYSTEMS
        if test_set:
            pairs = {(row["system"], row["baseline"]) for row in metrics["comparisons"]}
            assert {("tuned_hybrid", "bm25"), ("tuned_hybrid", "base_hybrid"), ("tuned_dense", "base_dense")} <= pairs


def test_the_runs_are_what_their_names_say(toy_corpus, tmp_path, options, judged, capsys):
    corpus = inpars.open_corpus(toy_corpus / "corpus.jsonl")
    inpars.run("extractive", corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=options, **judged)
    rerank = tmp_path / "run" / "rerank"
    index, queries = BM25.of(corpus, language="en"), open_test_set("", **judged).queries
    runs = {system: read_run(rerank / f"{system}.trec") for system in SYSTEMS}
    model = tmp_path / "run" / "train"
    spread = Dense.of(corpus, model / "model", model / "index").spread
    for query in queries:
        words = index.search(query.text, len(corpus))
        found = {system: run[query.query_id] for system, run in runs.items()}
        assert found["tuned"].keys() == found["bm25"].keys()
        best = [*found["tuned_dense"]][:6]
        assert found["tuned_hybrid"].keys() == found["tuned_dense"].keys() == {*found["bm25"], *best}
        weight = facts_of(rerank / "tuned_dense.trec")["fusion_weight"]
        scores = {doc_id: words.get(doc_id, 0.0) for doc_id in found["tuned_dense"]}
        fused = fuse([scores, found["tuned_dense"]], [1 - weight, weight], [None, spread])
        assert found["tuned_hybrid"] == pytest.approx(fused, abs=1e-4)
        shared = {doc_id: found["tuned_dense"][doc_id] for doc_id in found["tuned"]}
        assert found["tuned"] == pytest.approx(shared, abs=1e-5), "one matrix of vectors serves both"
    assert runs["base_dense"] != runs["tuned_dense"]
    encoded = [line for line in capsys.readouterr().err.splitlines() if line.startswith("encode:")]
    assert len(encoded) == 2, "once for each model"


def test_a_second_call_has_nothing_to_do_and_another_first_stage_leaves_nothing_behind(
    toy_corpus, tmp_path, options, judged, capsys
):
    given = {"corpus": toy_corpus / "corpus.jsonl", "output": tmp_path / "run", **judged}
    first = inpars.run("extractive", set=options, **given)
    capsys.readouterr()
    assert inpars.run("extractive", set=options, **given) == first
    assert "nothing to do" in capsys.readouterr().err
    metrics = inpars.run("extractive", set=[*options, "rerank.first_stage=bm25"], **given)
    assert list(metrics["systems"]) == ["bm25", "base", "base_fused", "tuned", "tuned_fused"]


def test_a_base_that_is_kept_is_not_searched_a_second_time(toy_corpus, tmp_path, options, judged):
    never = [option for option in options if not option.startswith("train.keep")] + ["train.min_gain=99"]
    metrics = inpars.run("extractive", corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=never, **judged)
    for system in ("", "_fused", "_dense", "_hybrid"):
        assert metrics["systems"][f"tuned{system}"] == metrics["systems"][f"base{system}"]
    assert not (tmp_path / "run" / "train" / "index").exists(), "its corpus was never encoded"


def test_no_query_finds_itself_where_queries_are_documents(toy_rows, tmp_path, options, write_jsonl):
    folder = tmp_path / "arguana"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in toy_rows))
    asked = [{"_id": row["_id"], "text": row["text"]} for row in toy_rows[:8]]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    lines = [f"{row['_id']}\t{other['_id']}\t1" for row, other in pairwise(toy_rows[:9])]
    (folder / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n")
    inpars.run("extractive", corpus=folder, output=tmp_path / "run", set=options)
    for system in SYSTEMS:
        run = read_run(tmp_path / "run" / "rerank" / f"{system}.trec")
        assert len(run) == 8
        assert all(query_id not in scores for query_id, scores in run.items()), system


def test_only_a_bi_encoder_can_search_for_itself(toy_corpus, tmp_path, options, tiny_cross_encoder, judged):
    other = [*options, "train.family=cross-encoder", f"train.base_model={tiny_cross_encoder}"]
    with pytest.raises(OptionError, match="first_stage hybrid needs a bi-encoder"):
        inpars.run("extractive", corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=other, **judged)


def test_a_cross_encoder_reranks_what_bm25_and_a_bi_encoder_find(
    toy_corpus, tmp_path, options, tiny_cross_encoder, tiny_bi_encoder, judged
):
    other = [*options, "train.family=cross-encoder", f"train.base_model={tiny_cross_encoder}"]
    other += [f"rerank.retriever={tiny_bi_encoder}"]
    metrics = inpars.run("extractive", corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=other, **judged)
    assert list(metrics["systems"]) == ["hybrid", "base", "base_fused", "tuned", "tuned_fused"]
    first, reranked = (read_run(tmp_path / "run" / "rerank" / f"{name}.trec") for name in ("hybrid", "tuned"))
    assert all(len(scores) == 6 for scores in first.values())
    assert {q: set(scores) for q, scores in first.items()} == {q: set(scores) for q, scores in reranked.items()}


def test_a_language_models_likelihood_reorders_both_hybrids(toy_corpus, tmp_path, options, judged, tiny_causal):
    likely = [*options, f"rerank.likelihood_model={tiny_causal}", "rerank.likelihood_depth=3"]
    metrics = inpars.run(
        "extractive", corpus=toy_corpus / "corpus.jsonl", output=tmp_path / "run", set=likely, **judged
    )
    assert [s for s in metrics["systems"] if s.endswith("likelihood")] == [
        "base_hybrid_likelihood",
        "tuned_hybrid_likelihood",
    ]
    for model in ("base", "tuned"):
        runs = [read_run(tmp_path / "run" / "rerank" / f"{model}_hybrid{part}.trec") for part in ("", "_likelihood")]
        assert runs[0] != runs[1]
        assert all(list(runs[0][q])[3:] == list(runs[1][q])[3:] for q in runs[0])

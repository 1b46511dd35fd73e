"""A recipe whose first stage is a bi-encoder."""

import pytest

import inpars
from inpars.data.runs import read_run


@pytest.fixture
def options(small, tiny_bi_encoder):
    return [*small, "rerank.first_stage=dense", f"rerank.retriever={tiny_bi_encoder}"]


def test_the_dense_run_is_the_first_stage_that_is_measured_with_and_without_judgments(toy_corpus, tmp_path, options):
    corpus = toy_corpus / "corpus.jsonl"
    judged = {"queries": toy_corpus / "queries.jsonl", "qrels": toy_corpus / "qrels" / "test.tsv"}
    rerank = tmp_path / "run" / "rerank"
    for test_set in (judged, {}):
        metrics = inpars.run("extractive", corpus=corpus, output=tmp_path / "run", set=options, **test_set)
        assert set(metrics["systems"]) == {"dense", "base", "base_fused", "tuned", "tuned_fused"}
        if test_set:
            assert ("tuned", "dense") in {(row["system"], row["baseline"]) for row in metrics["comparisons"]}
        else:
            rerank = rerank / "agreement"
        first_stage = "dense.trec" if test_set else "first_stage.trec"
        dense, tuned = read_run(rerank / first_stage), read_run(rerank / "tuned.trec")
        assert {q: set(scores) for q, scores in dense.items()} == {q: set(scores) for q, scores in tuned.items()}
        assert all(len(scores) == 6 for scores in dense.values())
        # The base that reranks is the retriever itself.
        base = read_run(rerank / "base.trec")
        assert {q: list(scores) for q, scores in base.items()} == {q: list(scores) for q, scores in dense.items()}


def test_the_base_is_measured_with_the_prompts_that_it_was_trained_with(toy_corpus, tmp_path, options):
    prompts = {"query_prompt": "'wing heat '", "passage_prompt": "'jet nose cone '"}
    given = [f"{where}{name}={text}" for name, text in prompts.items() for where in ("train.", "rerank.retriever_")]
    test_set = {"queries": toy_corpus / "queries.jsonl", "qrels": toy_corpus / "qrels" / "test.tsv"}
    found = {}
    for name, more in (("with", given), ("without", [])):
        corpus = toy_corpus / "corpus.jsonl"
        inpars.run("extractive", corpus=corpus, output=tmp_path / name, set=[*options, *more], **test_set)
        found[name] = [read_run(tmp_path / name / "rerank" / run) for run in ("base.trec", "dense.trec")]
        # The base that reranks is the retriever itself.
        base, dense = ({q: list(scores) for q, scores in run.items()} for run in found[name])
        assert base == dense
    assert found["with"] != found["without"]

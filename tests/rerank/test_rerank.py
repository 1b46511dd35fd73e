"""The rerank stage with real, tiny models over real files."""

import json
import shutil

import pytest

import inpars
from inpars.data.artifacts import facts_of, sidecar
from inpars.data.queries import read_queries
from inpars.data.runs import ranked, read_run
from inpars.errors import InparsError, OptionError
from inpars.rerank import fused_path, search


def test_the_model_scores_what_the_first_stage_found(toy_corpus, tmp_path, tiny_bi_encoder):
    run = inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=tiny_bi_encoder, top_k=7)
    first, reranked = read_run(tmp_path / "m.bm25.trec"), read_run(run)
    assert {q: set(s) for q, s in first.items()} == {q: set(s) for q, s in reranked.items()}
    assert all(len(scores) <= 7 for scores in reranked.values())
    assert first != reranked


def test_bi_encoder_scores_are_cosines_of_its_own_embeddings(toy_corpus, tmp_path, tiny_bi_encoder):
    from sentence_transformers import SentenceTransformer

    options = {"top_k": 3, "precision": "fp32", "device": "cpu"}
    queries = read_queries(toy_corpus / "queries.jsonl")
    run = read_run(inpars.rerank(toy_corpus, queries, tmp_path / "m.trec", model=tiny_bi_encoder, **options))
    model, corpus = SentenceTransformer(str(tiny_bi_encoder), device="cpu"), inpars.open_corpus(toy_corpus)
    doc_ids = list(run["q3"])
    embedded = model.encode([queries[3].text, *(corpus[d].contents for d in doc_ids)])
    expected = model.similarity(embedded[:1], embedded[1:])[0].tolist()
    assert list(run["q3"].values()) == pytest.approx(expected, abs=1e-5)


def test_cross_encoder_scores_are_plain_logits(toy_corpus, tmp_path, tiny_cross_encoder):
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    options = {"top_k": 3, "precision": "fp32", "device": "cpu"}
    queries = read_queries(toy_corpus / "queries.jsonl")
    run = read_run(inpars.rerank(toy_corpus, queries, tmp_path / "m.trec", model=tiny_cross_encoder, **options))
    model, corpus = CrossEncoder(str(tiny_cross_encoder), device="cpu"), inpars.open_corpus(toy_corpus)
    expected = model.predict([(queries[3].text, corpus[d].contents) for d in run["q3"]], activation_fn=Identity())
    assert list(run["q3"].values()) == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_batch_size_does_not_change_the_ranking(toy_corpus, tmp_path, tiny_bi_encoder):
    queries, rankings = toy_corpus / "queries.jsonl", []
    for size in (1, 4096):
        options = {"batch_tokens": size, "precision": "fp32", "fusion": "none"}
        run = inpars.rerank(toy_corpus, queries, tmp_path / f"{size}.trec", model=tiny_bi_encoder, **options)
        rankings.append({q: [d for d, _ in ranked(s)] for q, s in read_run(run).items()})
    assert rankings[0] == rankings[1]


def test_a_killed_rerank_does_only_the_units_that_are_missing(toy_corpus, tmp_path, tiny_bi_encoder, monkeypatch):
    from inpars.models.scorers.bi_encoder import BiEncoder

    queries, options = toy_corpus / "queries.jsonl", {"unit_size": 3, "fusion": "none", "model": tiny_bi_encoder}
    whole = inpars.rerank(toy_corpus, queries, tmp_path / "whole.trec", **options)
    score, scored = BiEncoder.score, []

    def stop_at_the_third(self, texts, documents, candidates):
        if len(scored) == 2:
            raise KeyboardInterrupt
        scored.append(list(texts))
        return score(self, texts, documents, candidates)

    monkeypatch.setattr(BiEncoder, "score", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        inpars.rerank(toy_corpus, queries, tmp_path / "halves.trec", **options)
    assert not (tmp_path / "halves.trec").exists()
    resumed = []
    monkeypatch.setattr(BiEncoder, "score", lambda self, *a: (resumed.append(list(a[0])), score(self, *a))[1])
    halves = inpars.rerank(toy_corpus, queries, tmp_path / "halves.trec", **options)
    assert [q for unit in scored + resumed for q in unit] == [f"q{n}" for n in range(10)]
    assert len(resumed) == 2
    assert read_run(halves) == read_run(whole)


def test_without_held_out_queries_the_prior_is_the_weight(toy_corpus, tmp_path, tiny_bi_encoder):
    run = inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=tiny_bi_encoder)
    assert facts_of(run)["fusion_weight"] == 0.6
    assert read_run(fused_path(run)).keys() == read_run(run).keys()


def test_a_fixed_weight_and_no_fusion_at_all(toy_corpus, tmp_path, tiny_bi_encoder):
    queries = toy_corpus / "queries.jsonl"
    fixed = inpars.rerank(toy_corpus, queries, tmp_path / "a.trec", model=tiny_bi_encoder, fusion=0.25)
    assert facts_of(fixed)["fusion_weight"] == 0.25
    plain = inpars.rerank(toy_corpus, queries, tmp_path / "b.trec", model=tiny_bi_encoder, fusion="none")
    assert not fused_path(plain).exists()
    inpars.rerank(toy_corpus, queries, fixed, model=tiny_bi_encoder, fusion="none")
    assert not fused_path(fixed).exists(), "an older fusion does not stay beside a run that has none"
    with pytest.raises(OptionError, match=r"rerank\.fusion"):
        inpars.rerank(toy_corpus, queries, tmp_path / "c.trec", model=tiny_bi_encoder, fusion=1.5)


def test_a_given_run_is_cut_to_top_k_by_score_not_by_the_order_of_its_lines(toy_corpus, tmp_path, tiny_bi_encoder):
    given = tmp_path / "given.trec"
    given.write_text("q0 Q0 d05 3 1.0 x\nq0 Q0 d07 1 9.0 x\nq0 Q0 d01 2 5.0 x\n")
    options = {"model": tiny_bi_encoder, "run": given, "top_k": 2, "fusion": "none"}
    run = read_run(inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", **options))
    assert set(run["q0"]) == {"d07", "d01"}


def test_the_first_stage_is_searched_once(toy_corpus, tmp_path):
    queries = toy_corpus / "queries.jsonl"
    before = sidecar(search(toy_corpus, queries, tmp_path / "bm25.trec")).stat().st_mtime_ns
    assert sidecar(search(toy_corpus, queries, tmp_path / "bm25.trec")).stat().st_mtime_ns == before
    search(toy_corpus, queries, tmp_path / "bm25.trec", k1=1.2)
    assert sidecar(tmp_path / "bm25.trec").stat().st_mtime_ns != before


def test_a_folder_that_is_no_model_is_a_clear_error(toy_corpus, tmp_path, tiny_bi_encoder):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_bi_encoder, broken)
    for name in ("modules.json", "config_sentence_transformers.json"):
        (broken / name).unlink()
    config = json.loads((broken / "config.json").read_text()) if (broken / "config.json").exists() else {}
    (broken / "config.json").write_text(json.dumps(config | {"architectures": ["SomethingElse"]}))
    with pytest.raises(InparsError, match="cannot tell what kind of model"):
        inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "m.trec", model=broken)

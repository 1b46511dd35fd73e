"""The best of a fused run, reordered by a real, tiny language model's likelihood of the query."""

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.queries import read_queries
from inpars.data.runs import read_run
from inpars.errors import InparsError, OptionError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.rerank.config import RerankConfig
from inpars.rerank.likelihood import below
from inpars.retrieve.fusion import fuse


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def reranked(toy_corpus, tmp_path, tiny_bi_encoder, tiny_causal):
    def run(**more):
        options = {"top_k": 9, "precision": "fp32", "device": "cpu", "fusion": 0.5, "likelihood_depth": 4}
        options |= {"likelihood_model": tiny_causal, **more}
        queries = toy_corpus / "queries.jsonl"
        return inpars.rerank(toy_corpus, queries, tmp_path / "m.trec", model=tiny_bi_encoder, **options)

    return run


def test_the_best_are_fused_with_the_likelihood_and_the_others_stay_below(toy_corpus, tmp_path, tiny_causal, reranked):
    reranked(likelihood_weight=0.7)
    fused, found = (read_run(tmp_path / f"m_fused{part}.trec") for part in ("", "_likelihood"))
    scorer = load_scorer(tiny_causal, ScoringOptions(family="likelihood", precision="fp32", device="cpu"))
    corpus, moved = inpars.open_corpus(toy_corpus), 0
    for query in read_queries(toy_corpus / "queries.jsonl"):
        best = dict(list(fused[query.query_id].items())[:4])
        texts = {doc_id: corpus[doc_id].contents for doc_id in best}
        likely = scorer.score({"q": query.text}, texts, {"q": list(best)})["q"]
        expected = fuse([best, likely], [0.3, 0.7])
        ranking = list(found[query.query_id])
        assert ranking[:4] == sorted(expected, key=lambda doc_id: -expected[doc_id])
        assert ranking[4:] == list(fused[query.query_id])[4:]
        moved += ranking != list(fused[query.query_id])
    assert moved
    assert facts_of(tmp_path / "m_fused_likelihood.trec")["likelihood_weight"] == 0.7


def test_where_the_pairs_are_too_many_it_is_left_out_and_nothing_old_stays(tmp_path, reranked, capsys):
    reranked()
    assert (tmp_path / "m_fused_likelihood.trec").is_file()
    capsys.readouterr()
    reranked(likelihood_pairs=39)
    assert "10 queries × 4 documents are more pairs than likelihood_pairs (39)" in " ".join(
        capsys.readouterr().err.split()
    )
    assert not list(tmp_path.glob("m_fused_likelihood*"))
    reranked(likelihood_pairs=40)
    assert (tmp_path / "m_fused_likelihood.trec").is_file()
    reranked(likelihood_model="")
    assert not list(tmp_path.glob("m_fused_likelihood*"))


def test_it_depends_on_its_own_options_alone(tmp_path, reranked, capsys):
    reranked()
    before = (tmp_path / "m.trec").stat().st_mtime_ns, (tmp_path / "m_fused_likelihood.trec").read_bytes()
    reranked(likelihood_weight=0.9)
    assert (tmp_path / "m.trec").stat().st_mtime_ns == before[0]
    assert (tmp_path / "m_fused_likelihood.trec").read_bytes() != before[1]


def test_a_model_that_writes_nothing_is_refused_before_anything_is_searched(tmp_path, tiny_cross_encoder, reranked):
    with pytest.raises(InparsError, match="no causal language"):
        reranked(likelihood_model=tiny_cross_encoder)
    assert not list(tmp_path.glob("*.trec"))


def test_documents_below_keep_their_order_under_the_lowest():
    scores = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 2.0}
    assert below(scores, {"b": -1.5, "d": 0.3}) == {"c": -2.5, "a": -3.5}
    assert below(scores, scores) == {}


def test_a_likelihood_alone_reranks_a_run_and_leaves_what_is_below_it(toy_corpus, tmp_path, tiny_causal):
    queries = toy_corpus / "queries.jsonl"
    run = inpars.search(toy_corpus, queries, tmp_path / "first.trec", top_k=12)
    options = {"family": "likelihood", "device": "cpu", "run": run, "top_k": 5}
    output = inpars.rerank(toy_corpus, queries, tmp_path / "lm.trec", model=tiny_causal, **options)
    first, alone, fused = (read_run(path) for path in (run, output, tmp_path / "lm_fused.trec"))
    assert all(len(scores) == min(5, len(first[q])) for q, scores in alone.items())
    assert {q: list(scores)[5:] for q, scores in fused.items()} == {q: list(scores)[5:] for q, scores in first.items()}
    assert facts_of(output)["fusion_weight"] == 0.3


def test_a_processor_asks_for_the_likelihood_of_twenty_documents_where_nobody_says_how_many():
    given = {"family": "likelihood", "device": "cpu"}
    assert RerankConfig(**given).top_k == 20
    assert RerankConfig(**given, top_k=50).top_k == 50
    assert RerankConfig(device="cpu").top_k == 100


def test_a_likelihood_is_no_probability(toy_corpus, tmp_path, tiny_causal):
    with pytest.raises(OptionError, match="likelihoods of the query, and no probabilities"):
        inpars.rerank(
            toy_corpus,
            toy_corpus / "queries.jsonl",
            tmp_path / "lm.trec",
            model=tiny_causal,
            family="likelihood",
            probability=True,
        )

"""Held-out queries through the real pipeline: the whole corpus, the real depth, sources cut where they were."""

import json

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.held_out import HeldOut
from inpars.data.records import Document, Query
from inpars.data.runs import read_run
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.rerank import fused_path
from inpars.rerank.agreement import agreement_path, first_stage_path
from inpars.rerank.fusion_weight import EXTRACTED, choose_weight
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.dense import Dense
from inpars.retrieve.fusion import PRIOR

DEPTH = 5


@pytest.fixture
def corpus(toy_rows):
    return MemoryCorpus([Document(row["_id"], row["text"], row["title"]) for row in toy_rows], "toy")


@pytest.fixture
def held_out(tmp_path, corpus):
    """Twelve queries: titles of documents that are as they were, and titles cut out of theirs; one finds nothing."""
    documents = {document.doc_id: document for document in corpus}
    queries, qrels, texts = [], {}, {}
    for number in range(12):
        source = documents[f"d{number * 4:02d}"]
        query = Query(f"h{number}", source.title if number else "words that no document has")
        queries.append(query)
        qrels[query.query_id] = {source.doc_id: 1}
        texts[source.doc_id] = source.text if number % 2 else source.contents
    # The pools have the source in them in any case, which no figure may show.
    pools = {query.query_id: dict.fromkeys(qrels[query.query_id], 9.0) for query in queries}
    HeldOut(queries, qrels, texts, pools).save(tmp_path / "held_out")
    return tmp_path / "held_out"


@pytest.fixture
def cut(corpus):
    """The corpus as the queries see it that were cut out of their documents."""
    rows = {document.doc_id: document for document in corpus}
    gone = {f"d{number * 4:02d}" for number in range(12) if number % 2}
    return MemoryCorpus([Document(d.doc_id, d.text) if d.doc_id in gone else d for d in rows.values()], "cut")


def reranked(toy_corpus, tmp_path, model, held_out, corpus, **options):
    queries = toy_corpus / "queries.jsonl"
    given = {"held_out": held_out, "top_k": DEPTH, "precision": "fp32"} | options
    return inpars.rerank(corpus, queries, tmp_path / "out" / "m.trec", model=model, **given)


def test_the_first_stage_is_that_of_the_corpus_and_for_cut_queries_of_the_corpus_with_their_texts_cut(
    toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus, cut, capsys
):
    output = reranked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus)
    run = read_run(first_stage_path(agreement_path(output)))
    for query in HeldOut.load(held_out).queries:
        searched = cut if int(query.query_id[1:]) % 2 else corpus
        assert run.get(query.query_id, {}) == pytest.approx(BM25.of(searched).search(query.text, DEPTH))
    assert "h0" not in run, "it finds nothing, and nothing is put in"
    facts = facts_of(first_stage_path(agreement_path(output)))
    hits = sum(f"d{4 * n:02d}" in run.get(f"h{n}", {}) for n in range(12))
    assert (facts["queries"], facts["found"], facts["depth"]) == (12, hits, DEPTH)
    assert 0 < hits < 12
    assert f"BM25 finds the source of {hits} of 12 held-out queries in its best 5" in capsys.readouterr().err


def test_a_model_reads_each_source_as_its_query_may_see_it(
    toy_corpus, tmp_path, tiny_cross_encoder, held_out, corpus, cut
):
    output = reranked(toy_corpus, tmp_path, tiny_cross_encoder, held_out, corpus)
    first, run = (read_run(path) for path in (first_stage_path(agreement_path(output)), agreement_path(output)))
    scorer = load_scorer(tiny_cross_encoder, ScoringOptions(precision="fp32"))
    for query in HeldOut.load(held_out).queries:
        seen = cut if int(query.query_id[1:]) % 2 else corpus
        candidates = first.get(query.query_id, {})
        texts = {doc_id: seen[doc_id].contents for doc_id in candidates}
        expected = scorer.score({"q": query.text}, texts, {"q": [*candidates]})["q"]
        assert run.get(query.query_id, {}) == pytest.approx(expected, abs=1e-5)


def test_the_weight_is_chosen_where_a_query_whose_source_is_missed_counts_0(
    toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus
):
    output = reranked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus)
    beside = agreement_path(output)
    first, run = read_run(first_stage_path(beside)), read_run(beside)
    choice = choose_weight(first, run, HeldOut.load(held_out).qrels, EXTRACTED)
    assert facts_of(beside)["held_out_ndcg@10_by_weight"] == choice.held_out
    assert facts_of(output)["fusion_weight"] == facts_of(beside)["fusion_weight"] == choice.weight
    found = facts_of(first_stage_path(beside))["found"]
    assert max(choice.held_out.values()) <= found / 12
    assert read_run(fused_path(beside)).keys() == run.keys()


def test_a_dense_first_stage_searches_the_corpus_for_held_out_queries_too(
    toy_corpus, tmp_path, tiny_bi_encoder, tiny_cross_encoder, held_out, corpus, cut
):
    options = {"first_stage": "dense", "retriever": str(tiny_bi_encoder)}
    output = reranked(toy_corpus, tmp_path, tiny_cross_encoder, held_out, corpus, **options)
    run = read_run(first_stage_path(agreement_path(output)))
    scoring = ScoringOptions(precision="fp32")
    dense = {seen: Dense.of(seen, tiny_bi_encoder, tmp_path / seen.name, scoring=scoring) for seen in (corpus, cut)}
    for query in HeldOut.load(held_out).queries:
        searched = cut if int(query.query_id[1:]) % 2 else corpus
        assert run[query.query_id] == pytest.approx(dense[searched].search(query.text, DEPTH), abs=1e-6)


def test_a_second_call_scores_nothing_anew(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus, monkeypatch):
    from inpars.models.scorers.bi_encoder import BiEncoder

    output = reranked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus)
    before = {path: path.stat().st_mtime_ns for path in output.parent.rglob("*.trec")}
    monkeypatch.delattr(BiEncoder, "score")
    reranked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus)
    assert {path: path.stat().st_mtime_ns for path in output.parent.rglob("*.trec")} == before


def test_queries_whose_documents_are_gone_are_left_out_and_with_too_few_the_prior_stands(
    toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus, capsys
):
    rest = MemoryCorpus([document for document in corpus if int(document.doc_id[1:]) >= 16], "rest")
    output = reranked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, rest)
    assert "4 of 12 held-out queries are left out: their documents are not in rest" in capsys.readouterr().err
    assert facts_of(first_stage_path(agreement_path(output)))["queries"] == 8
    assert facts_of(output)["fusion_weight"] == PRIOR


def test_without_fusion_the_held_out_queries_are_not_asked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus):
    output = reranked(toy_corpus, tmp_path, tiny_bi_encoder, held_out, corpus, fusion="none")
    assert not agreement_path(output).parent.exists()


@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder", "seq2seq"])
def test_training_and_reranking_score_the_same_queries_candidates_and_model_alike(
    family, toy_corpus, tmp_path, tiny_bi_encoder, tiny_cross_encoder, tiny_seq2seq
):
    """To the last digit, though training reads fewer tokens of a text than the models can."""
    bases = {"bi-encoder": tiny_bi_encoder, "cross-encoder": tiny_cross_encoder, "seq2seq": tiny_seq2seq}
    queries = inpars.generate(toy_corpus, tmp_path / "queries.jsonl", queries_per_document=3)
    triples = inpars.mine_negatives(queries, toy_corpus, tmp_path / "triples.jsonl", skip_top=0)
    scheme = {"scheme": "monot5"} if family == "seq2seq" else {}
    model = inpars.train(
        triples, toy_corpus, tmp_path / "model", family=family, base_model=str(bases[family]), batch_size=8,
        max_steps=3, max_length=24, held_out_queries=10, base_shares=[0.0], keep="last", learning_rate=1e-3,
        precision="fp32", **scheme,
    )  # fmt: skip
    held_out = HeldOut.load(model / "held_out")
    asked = {query.query_id: query.text for query in held_out.queries}
    candidates = {query_id: [*scores] for query_id, scores in held_out.first_stage.items()}
    recorded = json.loads((model / "inpars.json").read_text())["candidates"]
    for path, candidate in ((bases[family], recorded[0]), (model, recorded[-1])):
        # A base is asked as in the table: it reads as much as the trained model.
        length = {} if family == "bi-encoder" else {"max_length": 24}
        options = ScoringOptions(precision="fp32", engine="eager", **scheme | length)
        run = load_scorer(path, options).score(asked, held_out.documents, candidates)
        measured = inpars.evaluate({"run": run}, held_out.qrels, measures=["nDCG@10"]).systems["run"]["nDCG@10"]
        assert round(measured, 4) == candidate["selection_score"]

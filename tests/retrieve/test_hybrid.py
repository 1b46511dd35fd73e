"""BM25 and a real, tiny bi-encoder together over the toy documents."""

import numpy as np
import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.replaced import Replaced
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.errors import OptionError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve import open_retriever
from inpars.retrieve.fusion import fuse
from inpars.retrieve.options import RetrievalOptions

EXACT = ScoringOptions(precision="fp32", device="cpu")


@pytest.fixture(scope="module")
def corpus(toy_corpus):
    return open_corpus(toy_corpus)


@pytest.fixture(scope="module")
def queries(toy_corpus):
    return read_queries(toy_corpus / "queries.jsonl")


@pytest.fixture(scope="module")
def options(tiny_bi_encoder):
    return RetrievalOptions(first_stage="hybrid", retriever=str(tiny_bi_encoder), language="en", hybrid_weight=0.7)


@pytest.fixture(scope="module")
def hybrid(corpus, options):
    return open_retriever(corpus, options, scoring=EXACT)


def test_the_union_has_the_best_of_both_with_the_exact_scores_of_both(corpus, queries, hybrid, options):
    bm25 = open_retriever(corpus, options.of_bm25())
    dense = open_retriever(corpus, options.of_dense(), scoring=EXACT)
    unions = list(hybrid.unions(queries, 5))
    assert [union.query_id for union in unions] == [query.query_id for query in queries]
    everything = len(corpus)
    for query, union in zip(queries, unions, strict=True):
        best = {**bm25.search(query.text, 5), **dense.search(query.text, 5)}
        assert union.bm25.keys() == union.dense.keys() == best.keys()
        words, similar = bm25.search(query.text, everything), dense.search(query.text, everything)
        assert union.bm25 == pytest.approx({doc_id: words.get(doc_id, 0.0) for doc_id in best}, abs=1e-5)
        assert union.dense == pytest.approx({doc_id: similar[doc_id] for doc_id in best}, abs=1e-6)
    assert any(len(union.bm25) > 5 for union in unions)


def test_search_gives_the_best_of_the_fused_union(queries, hybrid):
    for query, union in zip(queries, hybrid.unions(queries, 4), strict=True):
        fused = fuse([union.bm25, union.dense], [0.3, 0.7], [None, hybrid.dense.spread])
        found = hybrid.search(query.text, 4)
        assert len(found) == 4
        assert list(found) == sorted(fused, key=lambda doc_id: -fused[doc_id])[:4]


def test_a_query_without_a_known_word_is_left_to_the_bi_encoder(hybrid, corpus, options):
    (union,) = hybrid.unions([Query("q", "zzzz")], 3)
    assert set(union.bm25.values()) == {0.0}
    dense = open_retriever(corpus, options.of_dense(), scoring=EXACT)
    assert list(hybrid.search("zzzz", 3)) == list(dense.search("zzzz", 3))


def test_texts_in_the_place_of_a_corpuss_are_seen_by_both(corpus, options, hybrid, tmp_path):
    changed = Replaced(corpus, {"d03": "zzzz unheard words"})
    (union,) = open_retriever(changed, options, tmp_path, EXACT).unions([Query("q", "zzzz unheard")], 1)
    (before,) = hybrid.unions([Query("q", "zzzz unheard")], len(corpus))
    assert union.bm25["d03"] > 0
    assert union.dense["d03"] != pytest.approx(before.dense["d03"], abs=1e-4)


def test_the_encoded_corpus_may_lie_apart_from_bm25s_index(corpus, options, tmp_path):
    places = {"index": tmp_path / "words", "dense_index": tmp_path / "vectors"}
    open_retriever(corpus, options.model_copy(update=places), scoring=EXACT)
    assert (tmp_path / "vectors" / "embeddings.npy").is_file()
    assert not (tmp_path / "words" / "embeddings.npy").exists()
    open_retriever(corpus, options, tmp_path / "one", EXACT)
    assert {"embeddings.npy", "bm25.scores.npy"} <= {path.name for path in (tmp_path / "one").iterdir()}


def test_the_encoded_corpus_scores_candidates_as_the_model_does(corpus, queries, hybrid, tiny_bi_encoder):
    asked = {query.query_id: query.text for query in queries}
    wanted = {query_id: [f"d{number:02d}" for number in range(place, 40, 7)] for place, query_id in enumerate(asked)}
    texts = {document.doc_id: document.contents for document in corpus}
    wanted["q1"], texts["other"] = ["other", "d00"], "a text that is no document"
    wanted["q2"] = []
    found, expected = (
        hybrid.dense.score(asked, texts, wanted),
        load_scorer(tiny_bi_encoder, EXACT).score(asked, texts, wanted),
    )
    assert {q: list(scores) for q, scores in found.items()} == wanted
    assert all(found[q] == pytest.approx(expected[q], abs=1e-5) for q in asked)


def test_without_a_bi_encoder_it_is_refused():
    with pytest.raises(OptionError, match="first_stage hybrid needs a bi-encoder"):
        RetrievalOptions(first_stage="hybrid").check()


def test_the_spread_is_that_of_scores_between_documents(hybrid, corpus):
    rows = np.asarray(hybrid.dense.matrix)
    scores = [float(rows[i] @ rows[j]) for i in range(len(rows)) for j in range(i)]
    assert hybrid.dense.spread == pytest.approx(np.std(scores), rel=1e-5)

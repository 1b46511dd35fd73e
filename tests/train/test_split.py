"""Which triples are held out, and what the development set looks like."""

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.errors import InparsError
from inpars.retrieve.bm25 import BM25
from inpars.train.split import held_out_set, split

SPELT = {"d": "query", "e": "  QUERY"}


def words(triple):
    return " ".join(triple.query.lower().split())


def triples(n, documents=None, cut=()):
    documents = documents or n
    return [
        Triple(f"t{i}", f"query {i}", f"d{i % documents:02d}", ["d00"], positive_text="cut" if i in cut else "")
        for i in range(n)
    ]


def test_documents_of_held_out_queries_are_in_no_training_triple():
    training, held_out = split(triples(100, documents=40), 10, seed=1)
    assert len(held_out) == len({t.positive_id for t in held_out}) == 10
    assert not {t.positive_id for t in held_out} & {t.positive_id for t in training}
    dropped = 100 - len(training) - len(held_out)
    assert dropped == sum(t.positive_id in {h.positive_id for h in held_out} for t in triples(100, 40)) - 10


def test_at_most_a_fifth_is_held_out():
    training, held_out = split(triples(20), 100, seed=1)
    assert (len(training), len(held_out)) == (16, 4)


def test_queries_cut_out_of_their_document_are_held_out_first():
    cut = set(range(0, 60, 6))
    _, held_out = split(triples(60, cut=cut), 10, seed=1)
    assert {t.query_id for t in held_out} == {f"t{i}" for i in cut}


def test_the_split_follows_the_seed_and_nothing_else():
    first = split(triples(100), 10, seed=1)
    assert split(triples(100), 10, seed=1) == first
    assert split(triples(100), 10, seed=2) != first


def test_too_few_triples_are_refused():
    with pytest.raises(InparsError, match="too few"):
        split(triples(3), 10, seed=1)


def test_the_development_set_hides_a_querys_own_words(toy_corpus, toy_rows):
    row = toy_rows[7]
    query, rest = row["text"].split(". ")
    triple = Triple("t", query, row["_id"], ["d00"], positive_text=f"{row['title']} {rest}")
    development = held_out_set([triple], open_corpus(toy_corpus), depth=10, language="en")
    assert development.documents[row["_id"]] == f"{row['title']} {rest}"
    assert development.qrels == {"t": {row["_id"]: 1}}
    assert row["_id"] in development.first_stage["t"]
    whole = BM25.of(open_corpus(toy_corpus)).search(query, 10)
    assert development.first_stage["t"][row["_id"]] < whole[row["_id"]]


def test_the_source_is_a_candidate_even_where_bm25_misses_it(toy_corpus):
    triple = Triple("t", "wing lift drag", "d33", ["d00"], positive_text="nothing alike")
    development = held_out_set([triple], open_corpus(toy_corpus), depth=5, language="en")
    assert len(development.first_stage["t"]) == 5
    assert development.first_stage["t"]["d33"] == 0.0


def test_a_query_with_several_positives_is_held_out_with_all_of_them_or_not_at_all():
    rows = [Triple(f"t{i}", f"query {i}", f"{name}{i}", ["n"]) for i in range(50) for name in ("d", "e")]
    training, held_out = split(rows, 10, seed=1)
    assert len({t.query_id for t in held_out}) == 10
    assert len(held_out) == 20
    assert not {t.query_id for t in held_out} & {t.query_id for t in training}
    assert not {t.positive_id for t in held_out} & {t.positive_id for t in training}


def test_each_positive_of_a_held_out_query_counts_and_the_query_once(toy_corpus):
    held_out = [Triple("t", "wing lift drag", doc_id, ["d00"]) for doc_id in ("d33", "d07")]
    development = held_out_set(held_out, open_corpus(toy_corpus), depth=5, language="en")
    assert [query.query_id for query in development.queries] == ["t"]
    assert development.qrels == {"t": {"d33": 1, "d07": 1}}
    assert {"d33", "d07"} <= development.first_stage["t"].keys()
    assert len(development.first_stage["t"]) == 5


def test_queries_of_the_same_words_are_one_query_whatever_their_ids():
    rows = [Triple(f"{name}{i}", f"{ask} {i}", f"{name}{i}", ["n"]) for i in range(50) for name, ask in SPELT.items()]
    training, held_out = split(rows, 10, seed=1)
    assert len({words(t) for t in held_out}) == 10
    assert len(held_out) == 20
    assert not {words(t) for t in held_out} & {words(t) for t in training}
    assert len(training) + len(held_out) == 100


def test_each_positive_counts_for_a_query_of_the_same_words(toy_corpus):
    rows = [Triple("t", "wing lift drag", "d33", ["d00"]), Triple("u", "Wing  lift DRAG", "d07", ["d00"])]
    development = held_out_set(rows, open_corpus(toy_corpus), depth=5, language="en")
    assert [(query.query_id, query.text) for query in development.queries] == [("t", "wing lift drag")]
    assert development.qrels == {"t": {"d33": 1, "d07": 1}}
    assert development.first_stage.keys() == {"t"}


def test_a_positive_that_bm25_found_last_stays_where_another_has_to_be_filled_in():
    texts = {f"n{i}": "wing " * 9 + f"number{i}" for i in range(4)} | {"last": f"wing {'word ' * 40}", "missed": "cone"}
    corpus = MemoryCorpus([Document(doc_id, text) for doc_id, text in texts.items()])
    rows = [Triple("t", "wing", doc_id, ["n0"]) for doc_id in ("last", "missed")]
    assert [*BM25.of(corpus).search("wing", 5)][-1] == "last"
    candidates = held_out_set(rows, corpus, depth=5, language="en").first_stage["t"]
    assert {"last", "missed"} <= candidates.keys()
    assert len(candidates) == 5
    assert candidates["last"] > candidates["missed"] == 0
    best = [Triple("t", "wing", doc_id, ["n0"]) for doc_id in ("n0", "missed")]
    assert held_out_set(best, corpus, depth=3, language="en").first_stage["t"].keys() == {"n0", "n3", "missed"}
    few = held_out_set(rows, corpus, depth=2, language="en").first_stage["t"]
    assert few == {"last": candidates["last"], "missed": 0}


def test_nothing_is_held_out_where_nothing_is_to_be():
    few = triples(3)
    assert split(few, 0, seed=1) == (few, [])

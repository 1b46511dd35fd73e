"""Which candidates become negatives: the range, the order, the easy ones; what a triple tells of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, SyntheticQuery
from inpars.errors import OptionError


def test_top_takes_the_best_of_the_range_and_bottom_the_last(mined: Callable[..., Any], wings: list[Document]) -> None:
    query, corpus = SyntheticQuery("wing", "w7"), MemoryCorpus(wings)
    for sample, expected in (("top", ["w6", "w5"]), ("bottom", ["w4", "w3"])):
        [triple] = mined([query], corpus, sample=sample, skip_top=1, top_k=6, negatives_per_query=2).triples
        assert triple.negative_ids == expected


def test_ranks_are_those_of_the_retriever_from_one_the_source_included(
    mined: Callable[..., Any], wings: list[Document]
) -> None:
    query = SyntheticQuery("wing", "w7")
    [triple] = mined([query], MemoryCorpus(wings), skip_top=1, top_k=6, negatives_per_query=9).triples
    assert dict(zip(triple.negative_ids, triple.ranks, strict=True)) == {"w6": 3, "w5": 4, "w4": 5, "w3": 6}


def test_a_share_of_the_negatives_comes_from_the_whole_corpus(mined: Callable[..., Any], wings: list[Document]) -> None:
    others = [Document(f"o{n}", f"cone nose {n}") for n in range(12)]
    queries = [SyntheticQuery("wing", "w8", query_id=f"q{n}") for n in range(400)]
    triples = mined(queries, MemoryCorpus(wings + others), negatives_per_query=2, easy_share=0.25).triples
    assert all(len(set(triple.negative_ids)) == 2 for triple in triples)
    drawn = Counter(doc_id for triple in triples for doc_id in triple.negative_ids)
    # Half a negative a query, of which 12 in 18 on average are no wings: 133, with a deviation of 9.
    assert 95 < sum(drawn[document.doc_id] for document in others) < 175
    assert all(drawn[document.doc_id] for document in others)
    for triple in triples:
        for doc_id, rank, score in zip(triple.negative_ids, triple.ranks, triple.scores, strict=True):
            assert (rank > 0) == (score > 0) == doc_id.startswith("w")
        assert triple.ranks == sorted(triple.ranks, key=lambda rank: rank or 99)


def test_easy_negatives_alone_need_nothing_retrieved_and_are_no_known_positives(
    mined: Callable[..., Any], wings: list[Document]
) -> None:
    corpus = MemoryCorpus([*wings, Document("copy", "WING number1")])
    queries = [SyntheticQuery("nothing alike", doc_id) for doc_id in ("w1", "w2")]
    found = mined(queries, corpus, negatives_per_query=20, easy_share=1.0)
    assert [set(triple.negative_ids) for triple in found.triples] == [{f"w{n}" for n in range(3, 9)}] * 2
    assert found.triples[0].ranks == [0] * 6


def test_the_order_of_the_corpus_does_not_show(mined: Callable[..., Any], wings: list[Document]) -> None:
    queries = [SyntheticQuery("wing number3", "w8", query_id=f"q{n}") for n in range(20)]
    options = {"negatives_per_query": 3, "easy_share": 0.5}
    assert (
        mined(queries, MemoryCorpus(wings), "one.jsonl", **options).triples
        == mined(queries, MemoryCorpus(wings[::-1]), "other.jsonl", **options).triples
    )


def test_a_range_that_leaves_nothing_and_a_retriever_given_twice_are_refused(
    mined: Callable[..., Any], wings: list[Document]
) -> None:
    query = [SyntheticQuery("wing", "w1")]
    with pytest.raises(OptionError, match="skip_top 10 leaves nothing of the top 10"):
        mined(query, MemoryCorpus(wings), skip_top=10, top_k=10)
    with pytest.raises(OptionError, match="the same retriever twice"):
        mined(query, MemoryCorpus(wings), retriever=["bm25", "bm25"])

"""The best documents of a query: one right answer, by numpy and by numba."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpars.data.runs import tie_free
from inpars.retrieve import postings, ranking

WORDS = ["wing", "lift", "drag", "cone", "heat"]
collections = st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), min_size=1, max_size=150).filter(any)
queries = st.lists(st.lists(st.sampled_from(WORDS), max_size=4), min_size=1, max_size=4)


@pytest.fixture(params=["numpy", "numba"])
def select(request):
    if request.param == "numba" and ranking.compiled() is None:
        pytest.skip("needs numba")
    return {"numpy": ranking.with_numpy, "numba": ranking.with_numba}[request.param]


def shuffled(texts, seed=0):
    """`(id, text)` with ids in no order."""
    ids = [f"d{number}" for number in range(len(texts))]
    random.Random(seed).shuffle(ids)
    return list(zip(ids, texts, strict=True))


def indexed(documents):
    return postings.build(documents, "en", k1=0.9, b=0.4)


def numbers(index, words):
    return np.array([index.vocabulary[word] for word in words if word in index.vocabulary], dtype=np.int64)


def found(index, terms, k, select):
    """`[(id, score)]` of each query."""
    ids = sorted(index.doc_ids)
    best = ranking.best(index, terms, k, select)
    return [
        [(ids[rank], score) for rank, score in zip(ranks[:size].tolist(), scores[:size].tolist(), strict=True)]
        for ranks, scores, size in zip(best.ranks, best.scores, best.found.tolist(), strict=True)
    ]


def by_definition(index, terms, k):
    """Sum, sort, cut, one document after another."""
    scores = {}
    for place, doc_id in enumerate(index.doc_ids):
        total, shares = np.float32(0), False
        for term in terms.tolist():
            for posting in range(index.offsets[term], index.offsets[term + 1]):
                if index.documents[posting] == place:
                    total, shares = total + index.scores[posting], True
        if shares:
            scores[doc_id] = float(total)
    return list(tie_free(scores))[:k]


@settings(max_examples=60, deadline=None)
@given(texts=collections, asked=queries, k=st.integers(0, 160), seed=st.integers(0, 3))
def test_numpy_finds_what_the_definition_says_and_numba_the_same_bits(texts, asked, k, seed):
    index = indexed(shuffled(texts, seed))
    terms = [numbers(index, words) for words in asked]
    results = found(index, terms, k, ranking.with_numpy)
    assert results == [by_definition(index, some, k) for some in terms]
    if ranking.compiled() is not None:
        assert found(index, terms, k, ranking.with_numba) == results


@pytest.mark.parametrize("k", [1, 10, 3000])
def test_among_thousands_of_equal_documents_the_largest_ids_win(select, k):
    index = indexed(shuffled(["wing lift"] * 7000))
    results = found(index, [numbers(index, ["wing"])], k, select)[0]
    assert [doc_id for doc_id, _ in results] == sorted(index.doc_ids, reverse=True)[:k]
    assert len({score for _, score in results}) == k


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("n", [64 * 90, 64 * 90 - 1, 64 * 90 + 1])
def test_the_best_are_found_wherever_they_stand(select, turn, n):
    # The shorter a document the higher its score: rising or falling over the collection.
    texts = [f"wing{' cone' * (40 - number * 40 // n)}" for number in range(n)][::turn]
    index = indexed(shuffled(texts))
    terms = [numbers(index, ["wing"]), numbers(index, ["wing", "cone", "wing"])]
    scores = [ranking.sums(index, some) for some in terms]
    for total, results in zip(scores, found(index, terms, 50, select), strict=True):
        expected = sorted(zip(total.tolist(), index.doc_ids, strict=True), reverse=True)
        assert [doc_id for doc_id, _ in results] == [doc_id for _, doc_id in expected[:50]]


def test_a_query_is_answered_alike_alone_and_among_others(select):
    rng = random.Random(1)
    index = indexed(shuffled([" ".join(rng.choices(WORDS, k=6)) for _ in range(500)]))
    terms = [numbers(index, rng.choices(WORDS, k=rng.randrange(4))) for _ in range(40)]
    together = found(index, terms, 20, select)
    assert [found(index, [some], 20, select)[0] for some in terms] == together
    assert [] in together, "a query without a word is among them"


def test_threads_do_not_disturb_one_another(select):
    rng = random.Random(1)
    index = indexed(shuffled([" ".join(rng.choices(WORDS, k=6)) for _ in range(2000)]))
    blocks = [[numbers(index, rng.choices(WORDS, k=3)) for _ in range(10)] for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda terms: found(index, terms, 30, select), blocks))
    assert at_once == [found(index, terms, 30, select) for terms in blocks]


def test_scores_are_summed_in_single_precision_in_the_order_of_the_query():
    index = indexed(shuffled(["wing", "wing lift", "wing lift lift drag cone heat"]))
    terms = numbers(index, ["wing", "lift", "drag"])
    # The last document has all three.
    a, b, c = (index.scores[index.offsets[term + 1] - 1] for term in terms.tolist())
    assert ranking.sums(index, terms)[2] == np.float32(np.float32(a + b) + c)


@pytest.fixture
def fresh():
    """Nothing compiled before, nothing of the test kept after."""
    ranking.compiled.cache_clear()
    yield
    ranking.compiled.cache_clear()


def test_without_numba_there_is_no_kernel(fresh, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert ranking.compiled() is None


def test_where_compiling_is_switched_off_there_is_no_kernel(fresh, monkeypatch):
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert ranking.compiled() is None


def test_where_nothing_can_be_kept_the_kernel_is_compiled_each_time(fresh, monkeypatch):
    caching = pytest.importorskip("numba.core.caching")
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert ranking.compiled() is not None

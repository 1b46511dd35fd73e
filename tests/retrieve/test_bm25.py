from __future__ import annotations

import random
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import bm25s
import ir_measures
import pytest

from inpars.data.corpora import open_corpus
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.errors import InparsError, MissingDependency, OptionError
from inpars.retrieve import bm25 as bm25_module
from inpars.retrieve import ranking
from inpars.retrieve.analysis import analyzer
from inpars.retrieve.bm25 import BM25

Collection = Callable[[str], Path]


def bm25(**documents: str) -> BM25:
    return BM25(documents.items())


@pytest.mark.parametrize("in_a_folder", [False, True])
@pytest.mark.parametrize("options", [{}, {"k1": 1.2, "b": 0.75}, {"b": 0}])
def test_a_text_scores_as_a_document_of_its_words_does(
    in_a_folder: bool, options: dict[str, float], toy_corpus: Path, tmp_path: Path
) -> None:
    corpus = open_corpus(toy_corpus)
    index = BM25.of(corpus, folder=tmp_path if in_a_folder else None, **options)  # type: ignore[arg-type]
    for query in read_queries(toy_corpus / "queries.jsonl"):
        own = [index.score_of(query.text, document.contents) for document in corpus]
        assert own == pytest.approx(index.scores(query.text).tolist(), rel=1e-5)
    assert index.score_of("wing wing unheard", "wing of unheard") > index.score_of("wing", "wing of unheard") > 0
    assert index.score_of("wing", "") == 0


def ndcg(folder: Path, language: str = "en") -> float:
    """nDCG@10 by ir-measures itself over the queries with a relevant document, as the table was made."""
    judged = read_qrels(folder / "qrels" / "test.tsv")
    judged = {query_id: grades for query_id, grades in judged.items() if max(grades.values()) > 0}
    queries = [query for query in read_queries(folder / "queries.jsonl") if query.query_id in judged]
    run = BM25.of(open_corpus(folder), language=language).search_all(queries, 10)
    measure = ir_measures.parse_measure("nDCG@10")
    return float(ir_measures.calc_aggregate([measure], judged, run)[measure])


@pytest.fixture(scope="module")
def cranfield(collection: Collection) -> Path:
    return collection("cranfield")


@pytest.fixture(scope="module")
def bm25s_alone(cranfield: Path) -> tuple[list[str], Callable[[list[str], int], tuple[Any, Any]]]:
    """bm25s over the terms of our analyzer: the document ids, and `retrieve(queries, k)`."""
    documents = [(document.doc_id, document.contents) for document in open_corpus(cranfield)]

    def terms(texts: list[str]) -> list[list[str]]:
        return [analyzer("en")(text) for text in texts]

    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index(terms([text for _, text in documents]), show_progress=False)
    return [doc_id for doc_id, _ in documents], lambda queries, k: index.retrieve(
        terms(queries), k=k, show_progress=False
    )


def test_scores_and_ranking_are_those_of_bm25s_for_the_same_terms(cranfield: Path, bm25s_alone: Any) -> None:
    doc_ids, retrieve = bm25s_alone
    queries = read_queries(cranfield / "queries.jsonl")
    places, scores = retrieve([query.text for query in queries], 50)
    run = BM25.of(open_corpus(cranfield)).search_all(queries, 50)
    for query, theirs, their_scores in zip(queries, places, scores, strict=True):
        ours = run[query.query_id]
        # The score of a tie is written a millionth lower than the one before it.
        assert list(ours.values()) == pytest.approx(their_scores.tolist(), abs=1e-5)
        gaps = [float(a - b) for a, b in pairwise(their_scores)]
        if min(gaps) > 1e-5:
            assert list(ours) == [doc_ids[place] for place in theirs]


def test_a_repeated_query_word_counts_as_often_as_it_stands() -> None:
    index = bm25(a="lift of a wing", b="drag of a cone")
    once, twice = index.search("lift", 1)["a"], index.search("lift lift", 1)["a"]
    assert twice == pytest.approx(2 * once, abs=1e-5)


def test_results_come_best_first_and_no_two_scores_are_alike() -> None:
    index = bm25(a="wing wing wing", b="wing lift", c="wing lift", d="cone")
    scores = list(index.search("wing lift", 10).values())
    assert scores == sorted(set(scores), reverse=True)


def test_documents_without_any_word_of_the_query_are_never_returned() -> None:
    assert set(bm25(a="wing lift", b="cone", c="lift drag").search("lift", 10)) == {"a", "c"}


def test_k_may_exceed_the_number_of_documents() -> None:
    assert len(bm25(a="wing lift", b="wing").search("wing", 1000)) == 2


@pytest.mark.parametrize("query", ["zzz qqq", "", "the of and", "?!"])
def test_a_query_without_a_known_word_finds_nothing(query: str) -> None:
    assert bm25(a="wing lift", b="the cone").search(query, 10) == {}


def test_an_unknown_word_beside_a_known_one_changes_nothing() -> None:
    index = bm25(a="wing lift", b="cone")
    assert index.search("wing zzz", 10) == index.search("wing", 10)


def test_of_equal_scores_the_larger_document_id_comes_first_whatever_the_order_of_documents() -> None:
    for ids in ("abcd", "dcba", "bdac"):
        assert list(BM25((doc_id, "wing lift") for doc_id in ids).search("wing", 10)) == ["d", "c", "b", "a"]


def test_ties_across_the_k_boundary_are_cut_by_document_id() -> None:
    documents = [("z", "wing wing wing"), *((doc_id, "wing cone lift") for doc_id in "gfedcba")]
    assert list(BM25(documents).search("wing", 4)) == ["z", "g", "f", "e"]


def test_the_first_k_of_a_deeper_search_are_the_search_for_k(cranfield: Path) -> None:
    index = BM25.of(open_corpus(cranfield))
    for query in read_queries(cranfield / "queries.jsonl")[:50]:
        assert list(index.search(query.text, 100).items())[:7] == list(index.search(query.text, 7).items())


def test_title_and_text_are_both_searched(write_jsonl: Callable[..., Path]) -> None:
    corpus = write_jsonl([{"_id": "1", "title": "wing", "text": "lift"}, {"_id": "2", "title": "", "text": "cone"}])
    index = BM25.of(open_corpus(corpus))
    assert list(index.search("wing", 5)) == list(index.search("lift", 5)) == ["1"]


def test_texts_without_words_are_refused_with_the_language_as_a_hint() -> None:
    with pytest.raises(InparsError, match="no words in 2 documents") as error:
        bm25(a="?", b="the")
    assert "'en'" in error.value.hint


def test_an_unknown_language_is_refused_before_anything_is_read() -> None:
    def unread() -> Any:
        pytest.fail("documents were read")
        yield

    with pytest.raises(OptionError, match="unknown language 'eng'") as error:
        BM25(unread(), language="eng")
    assert "did you mean 'en'?" in error.value.hint


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_documents_does_not_show(seed: int) -> None:
    rng = random.Random(seed)
    documents = [(f"d{n}", " ".join(rng.choices(["wing", "lift", "cone", "drag"], k=3))) for n in range(80)]
    index = BM25(documents)
    rng.shuffle(documents)
    other = BM25(documents)
    for query in ("wing", "lift cone", "drag wing lift"):
        assert list(other.search(query, 15).items()) == list(index.search(query, 15).items())


def test_queries_are_read_a_batch_ahead_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm25_module, "QUERIES_AT_ONCE", 4)
    read = []

    def queries() -> Any:
        for number in range(100):
            read.append(number)
            yield Query(str(number), "wing")

    found = bm25(a="wing", b="wing lift").search_each(queries(), 1)
    assert next(found)[0] == "0"
    assert len(read) == 4
    assert [query_id for query_id, _ in found] == [str(number) for number in range(1, 100)]


def test_a_deep_search_takes_fewer_queries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bm25_module, "_KEYS_AT_ONCE", 6)
    sizes: list[int] = []
    best = BM25.best
    monkeypatch.setattr(BM25, "best", lambda self, queries, k: sizes.append(len(queries)) or best(self, queries, k))
    index = bm25(a="wing", b="wing", c="wing", d="cone")
    run = index.search_all([Query(str(number), "wing") for number in range(8)], 3)
    assert sizes == [2, 2, 2, 2]
    assert len(run) == 8


def test_little_work_is_done_without_numba_and_much_with_it_to_the_same_end(
    cranfield: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    queries = read_queries(cranfield / "queries.jsonl")
    calls = []
    with_numba = ranking.with_numba
    monkeypatch.setattr(ranking, "with_numba", lambda *given: calls.append(len(given[1])) or with_numba(*given))
    index = BM25.of(open_corpus(cranfield))
    little = index.search_all(queries, 20)
    assert not calls
    monkeypatch.setattr(bm25_module, "NUMBA_PAYS", 3 * index._work)
    monkeypatch.setattr(bm25_module, "QUERIES_AT_ONCE", 100)
    runs = [index.search_all(queries, 20) for _ in range(4)]
    assert 0 < sum(calls) < 4 * len(queries), "from some batch on"
    assert all(run == little for run in runs)
    assert [list(scores) for scores in runs[-1].values()] == [list(scores) for scores in little.values()]


def test_without_numba_auto_goes_on_and_numba_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unread() -> Any:
        pytest.fail("documents were read")
        yield

    monkeypatch.setattr(bm25_module, "NUMBA_PAYS", 0)
    monkeypatch.setitem(sys.modules, "numba", None)
    ranking.compiled.cache_clear()
    try:
        assert list(bm25(a="wing", b="cone").search("wing", 5)) == ["a"]
        with pytest.raises(MissingDependency, match=r'pip install "inpars\[numba\]"'):
            BM25(unread(), backend="numba")
    finally:
        ranking.compiled.cache_clear()


@pytest.mark.parametrize(
    ("name", "language", "published"),
    [
        ("cranfield", "en", 0.490),
        ("medline", "en", 0.671),
        ("scifact", "en", 0.680),
        ("xquad-de", "de", 0.949),
        ("pira-pt", "pt", 0.846),
        ("jaquad-dev-ja", "ja", 0.910),
    ],
)
def test_ndcg_is_that_of_the_collections_table(
    name: str, language: str, published: float, collection: Collection
) -> None:
    assert ndcg(collection(name), language) == pytest.approx(published, abs=0.01)

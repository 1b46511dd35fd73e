"""Reading the run that is to be reranked."""

import tracemalloc

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Query
from inpars.data.runs import read_run, top_k
from inpars.errors import InparsError, InputError
from inpars.rerank.candidates import read_candidates

CORPUS = MemoryCorpus([Document(f"d{number}", "words") for number in range(10)], "my corpus")
QUERIES = [Query("q1", "one"), Query("q2", "two")]


@pytest.fixture
def run(tmp_path):
    """Write lines `query document score` as a TREC run."""

    def write(*lines):
        path = tmp_path / "some.trec"
        path.write_text("".join("{} Q0 {} 1 {} x\n".format(*line.split()) for line in lines))
        return path

    return write


def test_the_best_k_by_score_come_best_first_and_ties_by_id(run):
    path = run("q1 d3 1", "q2 d1 -1", "q1 d2 1", "q1 d9 2.5", "q1 d1 0.5", "q1 d4 1", "q2 d5 7")
    candidates = read_candidates(path, QUERIES, CORPUS, 3)
    assert list(candidates["q1"].items()) == [("d9", 2.5), ("d4", 1.0), ("d3", 1.0)]
    assert list(candidates["q2"].items()) == [("d5", 7.0), ("d1", -1.0)]
    assert dict(candidates) == {q: top_k(scores, 3) for q, scores in read_run(path).items()}
    assert "q3" not in candidates


def test_queries_of_the_run_that_are_not_asked_for_are_passed_over(run):
    assert set(read_candidates(run("q1 d1 1", "q8 d1 1", "q2 d1 1"), QUERIES, CORPUS, 5)) == {"q1", "q2"}


def test_queries_that_the_run_lacks_are_named(run, capsys):
    candidates = read_candidates(run("q1 d1 1"), QUERIES, CORPUS, 5)
    assert list(candidates) == ["q1"]
    assert "some.trec has no documents for 1 of 2 queries: 'q2'" in capsys.readouterr().err


def test_a_run_for_other_queries_is_an_error(run):
    with pytest.raises(InparsError, match=r"some.trec has none of the 2 queries, 'q1', 'q2'"):
        read_candidates(run("1 d1 1"), QUERIES, CORPUS, 5)


def test_documents_that_the_corpus_lacks_are_left_out_and_named(run, capsys):
    candidates = read_candidates(run("q1 d1 1", "q1 x7 2", "q2 x7 3", "q2 d10 1", "q1 d2 0"), QUERIES, CORPUS, 5)
    assert dict(candidates) == {"q1": {"d1": 1.0, "d2": 0.0}, "q2": {}}
    said = capsys.readouterr().err
    assert "of 4 documents in" in said
    assert "2 are not in the corpus my corpus and are left out: 'x7', 'd10'" in said


def test_a_run_over_another_corpus_is_an_error_that_shows_ids_of_both(run):
    with pytest.raises(InparsError, match=r"2 documents, and the corpus my corpus has none of them: '1', '2'") as error:
        read_candidates(run("q1 1 1", "q2 2 1"), QUERIES, CORPUS, 5)
    assert "'d0'" in error.value.hint


def test_a_document_that_a_query_has_twice_is_an_error_with_its_line(run):
    with pytest.raises(InputError, match=r"some.trec, line 3: expected each document once a query; found 'd1' again"):
        read_candidates(run("q1 d1 1", "q2 d1 1", "q1 d1 2"), QUERIES, CORPUS, 5)


def test_a_deep_run_takes_a_fourth_of_the_memory_of_its_dicts(tmp_path):
    path, depth = tmp_path / "deep.trec", 500
    path.write_text(
        "".join(f"q{q} Q0 doc{(q * 7 + d) % 900} 1 {d / 7:.5f} x\n" for q in range(80) for d in range(depth))
    )
    corpus = MemoryCorpus([Document(f"doc{number}", "x") for number in range(900)])
    queries = [Query(f"q{number}", "x") for number in range(80)]
    len(corpus)

    def peak(read):
        tracemalloc.start()
        kept = read()
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(kept) == 80
        return size

    assert peak(lambda: read_candidates(path, queries, corpus, depth)) * 4 < peak(lambda: read_run(path))
    assert dict(read_candidates(path, queries, corpus, depth)) == {
        query_id: top_k(scores, depth) for query_id, scores in read_run(path).items()
    }


def test_ids_that_look_like_numbers_stay_as_they_are(run):
    corpus = MemoryCorpus([Document("007", "x"), Document("7", "y")])
    assert dict(read_candidates(run("q1 007 1", "q2 7 1"), QUERIES, corpus, 1)) == {
        "q1": {"007": 1.0},
        "q2": {"7": 1.0},
    }

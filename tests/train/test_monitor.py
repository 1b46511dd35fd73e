"""A user's test set is judged as `inpars evaluate` judges it, and only looked at."""

import pytest

import inpars
from inpars.data.queries import read_queries
from inpars.data.runs import read_run, write_run
from inpars.errors import InparsError, OptionError
from inpars.train.monitor import Monitor


class Overlap:
    """A scorer by shared words, which a person can follow."""

    def __init__(self):
        self.seen = {}

    def score(self, queries, documents, candidates):
        self.seen = {query_id: list(doc_ids) for query_id, doc_ids in candidates.items()}
        count = lambda query, doc_id: float(len(set(query.split()) & set(documents[doc_id].split())))  # noqa: E731
        return {q: {d: count(query, d) for d in candidates[q]} for q, query in queries.items()}


@pytest.fixture
def test_set(toy_corpus, tmp_path):
    run = tmp_path / "run.trec"
    scores = {f"q{n}": {f"d{d:02d}": float(60 - d) for d in range(n * 4, n * 4 + 12)} for n in range(9)}
    write_run(run, scores, "first")
    return {
        "corpus": toy_corpus,
        "queries": toy_corpus / "queries.jsonl",
        "run": run,
        "qrels": toy_corpus / "qrels" / "test.tsv",
    }


def test_measures_are_those_of_evaluate_on_the_reranked_run(test_set, tmp_path):
    scorer = Overlap()
    measured = Monitor(**test_set, depth=10, measures=("nDCG@10", "RR@10", "R@5")).measure(scorer)
    texts = {q.query_id: q.text for q in read_queries(test_set["queries"])}
    corpus = inpars.open_corpus(test_set["corpus"])
    documents = {document.doc_id: document.contents for document in corpus}
    candidates = {q: list(s)[:10] for q, s in read_run(test_set["run"]).items()}
    asked = {query_id: texts[query_id] for query_id in candidates}
    write_run(tmp_path / "reranked.trec", Overlap().score(asked, documents, candidates), "reranked")
    runs = {"reranked": tmp_path / "reranked.trec"}
    expected = inpars.evaluate(runs, test_set["qrels"], measures=["nDCG@10", "RR@10", "R@5"]).systems["reranked"]
    assert measured == pytest.approx(expected)
    assert 0 < measured["RR@10"] < 1


def test_a_query_without_relevant_documents_does_not_count(test_set, tmp_path):
    before = Monitor(**test_set).measure(Overlap())
    (tmp_path / "qrels.tsv").write_text(test_set["qrels"].read_text() + "q0\td01\t0\n")
    assert Monitor(**test_set | {"qrels": tmp_path / "qrels.tsv"}).measure(Overlap()) == before
    (tmp_path / "qrels.tsv").write_text(test_set["qrels"].read_text().replace("q9\td45\t1", "q9\td45\t0"))
    fewer = Monitor(**test_set | {"qrels": tmp_path / "qrels.tsv"}).measure(Overlap())
    assert fewer["RR@10"] == pytest.approx(before["RR@10"] * 10 / 9)


def test_only_the_best_of_the_run_are_reranked(test_set):
    scorer = Overlap()
    Monitor(**test_set, depth=3).measure(scorer)
    assert scorer.seen["q1"] == ["d04", "d05", "d06"]


def test_a_judged_query_without_candidates_counts_as_nothing_found(test_set):
    """Ten queries are judged, the run has nine."""
    monitor = Monitor(**test_set, depth=12, measures=("R@12",))
    found = sum(f"d{n * 5:02d}" in monitor.candidates[f"q{n}"] for n in range(9))
    assert found
    assert monitor.measure(Overlap()) == {"R@12": pytest.approx(found / 10)}


def test_files_that_do_not_belong_together_are_refused_before_any_work(test_set, tmp_path):
    write_run(tmp_path / "other.trec", {"x": {"d00": 1.0}}, "other")
    with pytest.raises(InparsError, match="same ids"):
        Monitor(**test_set | {"run": tmp_path / "other.trec"})
    write_run(tmp_path / "foreign.trec", {"q1": {"nowhere": 1.0}}, "other")
    with pytest.raises(InparsError, match="'nowhere' for query 'q1'"):
        Monitor(**test_set | {"run": tmp_path / "foreign.trec"})
    with pytest.raises(OptionError, match="unknown measure 'nDCG@ten'"):
        Monitor(**test_set, measures=("nDCG@ten",))

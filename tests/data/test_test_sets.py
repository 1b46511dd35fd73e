from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.test_sets import open_test_set
from inpars.errors import InparsError


def make_folder(folder: Path) -> Path:
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": "x"}\n')
    (folder / "queries.jsonl").write_text(
        "".join(f'{{"_id": "{i}", "text": "query {i}"}}\n' for i in ("q1", "zero", "unjudged"))
    )
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nzero\td1\t0\nother\td1\t1\n"
    )
    return folder


def test_a_beir_folder_brings_its_test_set(tmp_path: Path) -> None:
    test_set = open_test_set(str(make_folder(tmp_path)), None, None)
    assert test_set is not None
    assert test_set.source == str(tmp_path / "qrels" / "test.tsv")


def test_only_queries_with_a_relevant_document_are_kept_and_with_all_their_judgments(tmp_path: Path) -> None:
    test_set = open_test_set(str(make_folder(tmp_path)), None, None)
    assert test_set is not None
    assert [query.query_id for query in test_set.queries] == ["q1"]
    assert test_set.qrels["q1"] == {"d1": 1, "d2": 0}
    assert "zero" not in test_set.qrels


def test_judged_queries_without_a_text_are_listed_and_stay_among_the_judgments(tmp_path: Path) -> None:
    test_set = open_test_set(str(make_folder(tmp_path)), None, None)
    assert test_set is not None
    assert test_set.without_text == ["other"]
    assert test_set.qrels.keys() == {"q1", "other"}


def test_a_beir_folder_with_named_columns_brings_its_test_set_too(tmp_path: Path) -> None:
    assert open_test_set(f"{make_folder(tmp_path)}?text=text", None, None) is not None


def test_files_that_are_named_go_before_those_of_the_corpus(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    (tmp_path / "mine.tsv").write_text("m1\tmy query\n")
    (tmp_path / "mine.qrels").write_text("m1 0 d1 2\n")
    test_set = open_test_set(str(folder), tmp_path / "mine.tsv", tmp_path / "mine.qrels")
    assert test_set is not None
    assert [query.text for query in test_set.queries] == ["my query"]
    assert test_set.qrels == {"m1": {"d1": 2}}


def test_a_corpus_without_test_queries_has_no_test_set(tmp_path: Path) -> None:
    (tmp_path / "docs.jsonl").write_text('{"_id": "d1", "text": "x"}\n')
    assert open_test_set(str(tmp_path / "docs.jsonl"), None, None) is None
    assert open_test_set(str(tmp_path), None, None) is None


def test_queries_without_qrels_are_an_error_and_the_other_way_round(tmp_path: Path) -> None:
    for queries, qrels in ((tmp_path / "q.tsv", None), (None, tmp_path / "q.qrels")):
        with pytest.raises(InparsError, match="--queries and --qrels go together"):
            open_test_set("python-docs", queries, qrels)


def test_queries_and_qrels_that_do_not_belong_together_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("q1\twhat is lift\n")
    (tmp_path / "qrels.txt").write_text("1 0 d1 1\n")
    with pytest.raises(InparsError, match="no query has a relevant document") as raised:
        open_test_set("any", tmp_path / "q.tsv", tmp_path / "qrels.txt")
    assert "query ids" in raised.value.hint


def test_every_judgment_that_ships_for_the_python_docs_is_of_a_document_that_is_there() -> None:
    test_set = open_test_set("python-docs", None, None)
    assert test_set is not None
    corpus = open_corpus("python-docs")
    relevant = {doc_id for judged in test_set.qrels.values() for doc_id, grade in judged.items() if grade > 0}
    missing = {doc_id for doc_id in relevant if doc_id not in corpus}
    assert len(test_set.queries) >= 50
    # The standard library changes a little from one Python to the next.
    assert len(missing) <= len(relevant) * 0.02, sorted(missing)

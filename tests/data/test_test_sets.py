from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.queries import read_queries
from inpars.data.records import Query
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
    (tmp_path / "docs.jsonl").write_text('{"_id": "d1", "text": "x"}\n')
    (tmp_path / "q.qrels").write_text("m1 0 d1 2\n")
    for queries, qrels in ((tmp_path / "q.tsv", None), (None, tmp_path / "q.qrels")):
        with pytest.raises(InparsError, match="--queries and --qrels go together"):
            open_test_set(str(tmp_path / "docs.jsonl"), queries, qrels)


def test_judgments_alone_are_for_the_queries_of_the_corpus(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    (tmp_path / "mine.qrels").write_text("unjudged 0 d1 2\n")
    test_set = open_test_set(str(folder), None, tmp_path / "mine.qrels")
    assert test_set is not None
    assert [query.query_id for query in test_set.queries] == ["unjudged"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("judged.csv", 'Question,Document,Grade\nhow do wings lift?,d1,2\n"drag, slow",d2,1\n"drag, slow",d1,0\n'),
        ("judged.csv", "question;document;grade\nhow do wings lift?;d1;2\ndrag, slow;d2;1\ndrag, slow;d1;0\n"),
        ("judged.tsv", "how do wings lift?\td1\t2\ndrag, slow\td2\t1\ndrag, slow\td1\t0\n"),
        ("judged.txt", "how do wings lift?\td1\t2\ndrag, slow\td2\t1\ndrag, slow\td1\t0\n"),
        (
            "judged.jsonl",
            '{"query": "how do wings lift?", "doc_id": "d1", "relevance": 2}\n'
            '{"query": "drag, slow", "doc_id": "d2", "relevance": 1}\n'
            '{"query": "drag, slow", "doc_id": "d1", "relevance": 0}\n',
        ),
        ("judged.json", '{"how do wings lift?": {"d1": 2}, "drag, slow": {"d2": 1, "d1": 0}}'),
    ],
)
def test_one_file_of_question_document_and_grade_is_a_test_set(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    test_set = open_test_set("any", None, tmp_path / name)
    assert test_set is not None
    assert test_set.queries == [Query("how_do_wings_lift?", "how do wings lift?"), Query("drag,_slow", "drag, slow")]
    assert test_set.qrels == {"how_do_wings_lift?": {"d1": 2}, "drag,_slow": {"d2": 1, "d1": 0}}
    assert read_queries(tmp_path / name) == test_set.queries, "so that a search for them writes these ids"


def test_one_file_may_have_ids_beside_the_questions_and_no_grades(tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_text(
        "qid,question,doc_id\n7,how do wings lift?,d1\n7,how do wings lift?,d2\n8,drag,d2\n"
    )
    test_set = open_test_set("any", None, tmp_path / "judged.csv")
    assert test_set is not None
    assert test_set.queries == [Query("7", "how do wings lift?"), Query("8", "drag")]
    assert test_set.qrels == {"7": {"d1": 1, "d2": 1}, "8": {"d2": 1}}
    assert read_queries(tmp_path / "judged.csv") == test_set.queries


def test_queries_and_qrels_that_do_not_belong_together_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("q1\twhat is lift\n")
    (tmp_path / "qrels.txt").write_text("1 0 d1 1\n")
    with pytest.raises(InparsError, match="no query has a relevant document") as raised:
        open_test_set("any", tmp_path / "q.tsv", tmp_path / "qrels.txt")
    assert "query ids" in raised.value.hint
    assert "The queries have 'q1', the judgments '1'" in raised.value.hint


def test_every_judgment_that_ships_for_the_python_docs_is_of_a_document_that_is_there() -> None:
    test_set = open_test_set("python-docs", None, None)
    assert test_set is not None
    corpus = open_corpus("python-docs")
    relevant = {doc_id for judged in test_set.qrels.values() for doc_id, grade in judged.items() if grade > 0}
    missing = {doc_id for doc_id in relevant if doc_id not in corpus}
    assert len(test_set.queries) >= 50
    # The standard library changes a little from one Python to the next.
    assert len(missing) <= len(relevant) * 0.02, sorted(missing)

from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.qrels import read_judged, read_qrels, write_qrels
from inpars.data.records import Query
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]
QRELS = {"q1": {"007": 2, "d2": 0}, "q2": {"d 3": 1}}


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    write_qrels(tmp_path / "test.tsv", QRELS)
    assert read_qrels(tmp_path / "test.tsv") == QRELS


def test_judgments_are_written_in_the_form_of_beir(tmp_path: Path) -> None:
    write_qrels(tmp_path / "test.tsv", {"q1": {"d1": 1}})
    assert (tmp_path / "test.tsv").read_text() == "query-id\tcorpus-id\tscore\nq1\td1\t1\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("test.tsv", "query-id\tcorpus-id\tscore\nq1\t007\t2\nq1\td2\t-1\n"),
        ("test.tsv", "q1\t007\t2\nq1\td2\t-1\n"),
        ("test.tsv", "q1\t0\t007\t2\nq1\t0\td2\t-1\n"),
        ("qrels.txt", "q1 0 007 2\r\nq1 Q0  d2   -1\r\n"),
        ("qrels.txt.gz", "\ufeffq1 0 007 2\n\nq1 0 d2 -1\n"),
    ],
    ids=["beir", "beir without header", "trec with tabs", "trec with CRLF", "trec with BOM, compressed"],
)
def test_the_forms_of_beir_and_trec_are_read_alike(write_bytes: WriteBytes, name: str, text: str) -> None:
    assert read_qrels(write_bytes(name, text.encode())) == {"q1": {"007": 2, "d2": -1}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qrels.dev.tsv", "q1\t0\t007\t2\nq1\t0\td2\t-1\n"),
        ("qrels.txt", "q1 0\t007 2.0\nq1 0\td2 -1\n"),
        ("qrels.tsv", "query-id corpus-id score\nq1 007 2\nq1 d2 -1\n"),
        ("qrels.csv", "Query_ID,Doc_ID,Relevance\nq1,007,2.0\nq1,d2,-1\n"),
        ("qrels.csv", "qid;docno;label\nq1;007;2\nq1;d2;-1\n"),
        ("qrels.csv", "\ufeffscore,corpus-id,query-id\r\n2,007,q1\r\n-1,d2,q1\r\n"),
        ("qrels.csv", 'topic,comment,pid,grade\nq1,"good, very",007,2\nq1,,d2,-1\n'),
        ("qrels.csv", "q1,007,2\nq1,d2,-1\n"),
        ("qrels.txt", "q1, 007, 2\nq1, d2, -1\n"),
        (
            "qrels.jsonl",
            '{"query-id": "q1", "corpus-id": "007", "score": 2}\n{"qid": "q1", "pid": "d2", "label": -1}\n',
        ),
        ("qrels.json", '{"q1": {"007": 2, "d2": -1}}'),
        (
            "qrels.json",
            '[{"query_id": "q1", "doc_id": "007", "rel": 2},\n {"query_id": "q1", "doc_id": "d2", "rel": -1}]',
        ),
        ("qrels.txt", '{"qrels": {"q1": {"007": 2, "d2": -1}}}'),
    ],
)
def test_judgments_are_read_as_other_tools_and_people_write_them(write_bytes: WriteBytes, name: str, text: str) -> None:
    assert read_qrels(write_bytes(name, text.encode())) == {"q1": {"007": 2, "d2": -1}}


def test_judgments_in_parquet_are_read(write_documents: Callable[..., Path]) -> None:
    rows = [{"query-id": "q1", "corpus-id": "007", "score": 2.0}, {"query-id": "q1", "corpus-id": "d2", "score": -1.0}]
    assert read_qrels(write_documents("qrels.parquet", rows)) == {"q1": {"007": 2, "d2": -1}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qrels.csv", "query_id,doc_id\nq1,d1\nq1,d2\n"),
        ("qrels.tsv", "q1\td1\nq1\td2\n"),
        ("all.json", '{"queries": {"q1": "x"}, "corpus": {}, "relevant_docs": {"q1": ["d1", "d2"]}}'),
    ],
)
def test_without_grades_every_document_is_relevant(write_bytes: WriteBytes, name: str, text: str) -> None:
    assert read_qrels(write_bytes(name, text.encode())) == {"q1": {"d1": 1, "d2": 1}}


def test_queries_by_their_words_get_ids_and_keep_their_words(write_bytes: WriteBytes) -> None:
    path = write_bytes("judged.csv", b"question,document,grade\nhow do  wings lift?,d1,1\nheat,d2,1\nwhy so hot,d2,0\n")
    judged = read_judged(path)
    assert judged.qrels == {"how_do_wings_lift?": {"d1": 1}, "heat": {"d2": 1}, "why_so_hot": {"d2": 0}}
    assert judged.queries[0] == Query("how_do_wings_lift?", "how do wings lift?")
    assert read_qrels(path) == judged.qrels


@pytest.mark.parametrize(
    "text",
    [
        "question,document,grade\n東京の天気はどうですか？,d1,1\n京都,d2,0\n",
        "query,document,grade\n東京の天気はどうですか？,d1,1\n京都の紅葉の見頃,d2,0\n",
        "東京の天気はどうですか？,d1,1\n雨？,d2,0\n",
        "query_text,document\nturbulence,d1\n",
        "search-query,docid\nlava?,d1\n",
    ],
)
def test_questions_are_known_by_their_columns_name_or_their_script(write_bytes: WriteBytes, text: str) -> None:
    judged = read_judged(write_bytes("judged.csv", text.encode()))
    assert [query.query_id for query in judged.queries] == list(judged.qrels)


@pytest.mark.parametrize("text", ["query,document,grade\n天気1,d1,1\n", "heat,d1,1\ndrag?,d2,1\n"])
def test_short_words_are_ids_where_no_name_says_otherwise(write_bytes: WriteBytes, text: str) -> None:
    assert read_judged(write_bytes("judged.csv", text.encode())).queries == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "q.csv",
            "question,relevant documents\nlava?,d1;d2\n",
            "line 1: .*a header that names the query .*'question', 'rel",
        ),
        ("q.csv", "Frage,Dokumente dazu\nlava?,d1\n", "line 1: .*a header that names the query"),
        ("q.tsv", "query\tanswer\nq1\td1\n", "line 1: .*a header that names the query"),
        ("q.txt", "# judged\n1 0 d1 1\n", "line 2: expected 2 columns, as in the first line; found 4: '1 0 d1 1'"),
        ("q.txt", "1 0 d1 1\n1 d1 1\n", "line 2: expected 4 columns, as in the first line; found 3: '1 d1 1'"),
    ],
)
def test_a_header_or_a_comment_is_no_judgment(write_bytes: WriteBytes, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_qrels(write_bytes(name, text.encode()))


def test_a_query_whose_texts_differ_is_refused(write_bytes: WriteBytes) -> None:
    path = write_bytes("judged.csv", b"qid,question,doc_id\n1,what is lift,d1\n1,what is drag,d2\n")
    with pytest.raises(InputError, match="line 3: expected one text for each query; found '1' as 'what is lift' and"):
        read_qrels(path)


@pytest.mark.parametrize(
    ("name", "data", "found", "hint"),
    [
        ("q.txt", "q1 0 d1 1\n".encode("utf-16-le"), "UTF-16", "iconv -f utf-16le"),
        ("q.txt", b"PAR1\x15\x04", "a Parquet file", ".parquet"),
        ("q.txt", b"\x1f\x8b\x08\x00", "gzip data", ".gz"),
        ("q.csv", b"PK\x03\x04\x14\x00", "a zip archive", "unpack it"),
        ("q.txt", b"q1 Q0 d1 1 2.5 tag\n", "'q1 Q0 d1 1 2.5 tag'", "looks like a run"),
        ("q.csv", b"qid,docno,rank,score\nq1,d1,1,2.5\n", "'qid', 'docno', 'rank', 'score'", "looks like a run"),
        ("q.tsv", b"q1\twhat is lift\nq2\twhat is drag\n", "'what is lift' for 'q1'", "looks like queries"),
        ("q.txt", b"<top>\n<num> 301\n", "'<top>'", "looks like TREC topics"),
        ("q.xml", b"<topics> </topics>\n", "'<topics> </topics>'", "looks like TREC topics"),
        ("q.csv", b"question,passage,label\nwhat is lift,Wings lift.,1\n", "'Wings lift.'", "by their ids"),
        ("q.csv", b"question,document,good\nwhat is lift,d1,1\n", "'question', 'document', 'good'", ""),
        ("q.csv", b"question,document,grade\nwhat is lift,d1,yes\n", "'yes'", "1 for a relevant document"),
    ],
)
def test_what_is_no_file_of_judgments_is_named(
    write_bytes: WriteBytes, name: str, data: bytes, found: str, hint: str
) -> None:
    with pytest.raises(InputError) as error:
        read_qrels(write_bytes(name, data))
    assert f"found {found}" in error.value.message
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q1 0 d1 1\nq1 d1\n", "line 2: expected query-id corpus-id score .BEIR. or .*; found 'q1 d1'"),
        ("q1 0 d1 1\nq1 0 d2 yes\n", "line 2: expected a whole number as grade; found 'yes'"),
        ("q1 d1 2.5\n", "line 1: expected a whole number as grade; found '2.5'"),
        ("q1 0 d1 1\nq1 0 d1 2\n", "line 2: expected one grade for each query and document; found q1 d1 as 1 and as 2"),
        ("query-id corpus-id score\n", "expected at least one judgment; found none"),
        ("", "expected at least one judgment; found none"),
    ],
)
def test_bad_judgments_are_refused(write_bytes: WriteBytes, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        read_qrels(write_bytes("qrels.txt", text.encode()))
    assert "qrels.txt" in str(raised.value)


def test_a_judgment_that_is_there_twice_with_one_grade_counts_once(write_bytes: WriteBytes) -> None:
    assert read_qrels(write_bytes("qrels.txt", b"q1 0 d1 1\nq1 0 d1 1\n")) == {"q1": {"d1": 1}}


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing there"):
        read_qrels(tmp_path / "none.tsv")


def test_a_name_that_promises_compression_and_lies_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "qrels.gz").write_bytes(b"q1 0 d1 1\n")
    with pytest.raises(InputError, match=r"line 1: expected readable \.gz data; found Not a gzipped file"):
        read_qrels(tmp_path / "qrels.gz")

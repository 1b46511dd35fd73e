from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.qrels import read_qrels, write_qrels
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

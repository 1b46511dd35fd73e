from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inpars.data.runs import ranked, read_run, tie_free, top_k, write_run
from inpars.errors import InparsError, InputError

WriteBytes = Callable[[str, bytes], Path]


def fields_of(path: Path) -> list[list[str]]:
    return [line.split(" ") for line in path.read_text().splitlines()]


def test_a_run_is_written_best_first_with_ranks_from_1(tmp_path: Path) -> None:
    write_run(tmp_path / "run.trec", {"q2": {"low": 1.0, "high": 3.0, "middle": 2.0}, "q1": {"007": -0.5}}, "bm25")
    assert (tmp_path / "run.trec").read_text() == (
        "q2 Q0 high 1 3 bm25\nq2 Q0 middle 2 2 bm25\nq2 Q0 low 3 1 bm25\nq1 Q0 007 1 -0.5 bm25\n"
    )


def test_no_two_scores_of_a_query_are_written_alike_and_of_ties_the_larger_id_comes_first(tmp_path: Path) -> None:
    ids = [f"d{number:04d}" for number in range(3000)]
    write_run(tmp_path / "run.trec", {"q1": dict.fromkeys(ids, 0.1)}, "x")
    rows = fields_of(tmp_path / "run.trec")
    assert [row[2] for row in rows] == ids[::-1]
    assert [int(row[3]) for row in rows] == list(range(1, 3001))
    scores = [float(row[4]) for row in rows]
    assert all(earlier > later for earlier, later in pairwise(scores))
    assert scores[0] == pytest.approx(0.1)
    assert len(set(np.array(scores, dtype=np.float32).tolist())) == 3000, "told apart in single precision too"


def test_a_score_just_below_a_chain_of_ties_is_pushed_down_and_keeps_its_place() -> None:
    step = 2.0**-24  # between single-precision numbers just below 1
    scores = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1 - step, "e": 0.5}
    assert list(tie_free(scores)) == [("c", 1.0), ("b", 1 - step), ("a", 1 - 2 * step), ("d", 1 - 3 * step), ("e", 0.5)]


def test_scores_that_differ_below_the_sixth_decimal_keep_their_order() -> None:
    assert [doc_id for doc_id, _ in tie_free({"a": 0.12345671, "b": 0.12345674})] == ["b", "a"]


def test_scores_are_compared_in_single_precision_also_at_the_cut() -> None:
    scores = {"b": 1.0, "a": 1.0 + 1e-9, "c": 1.0, "d": 0.5}
    assert [doc_id for doc_id, _ in ranked(scores)] == ["c", "b", "a", "d"]
    assert top_k(scores, 2) == {"c": 1.0, "b": 1.0}
    assert [doc_id for doc_id, _ in ranked({"a": 2e300, "b": 1e300})] == ["b", "a"]


def test_what_is_written_reads_back_in_the_same_order(tmp_path: Path) -> None:
    run = {"q1": {"b": 2.0, "a": 2.0, "c": 5.25}}
    write_run(tmp_path / "run.trec.gz", run, "x")
    again = read_run(tmp_path / "run.trec.gz")
    assert [doc_id for doc_id, _ in ranked(again["q1"])] == ["c", "b", "a"]
    write_run(tmp_path / "again.trec.gz", again, "x")
    assert (tmp_path / "again.trec.gz").read_bytes() == (tmp_path / "run.trec.gz").read_bytes()


def test_the_best_k_are_those_with_the_highest_scores_whatever_order_the_file_has(write_bytes: WriteBytes) -> None:
    path = write_bytes("run.trec", b"q1 Q0 third 1 1.0 x\nq1 Q0 first 2 9e1 x\nq1 Q0 second 3 2.5 x\n")
    assert list(top_k(read_run(path)["q1"], 2).items()) == [("first", 90.0), ("second", 2.5)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.trec", "q1 Q0 d1 1 2.5 BM25 + RM3\nq1 Q0 d2 2 1e-3 BM25 + RM3\n"),
        ("run.trec", "q1 Q0 d1 1 2.5\nq1 Q0 d2 2 1e-3\n"),
        ("run.tsv", "q1\tQ0\td1\t1\t2.5\tmy tag\nq1\tQ0\td2\t2\t1e-3\tmy tag\n"),
        ("ranking.tsv", "q1\td1\t1\t2.5\nq1\td2\t2\t1e-3\n"),
        ("run.txt.gz", "q1 d1 2.5\nq1 d2 1e-3\n"),
        ("run.csv", "qid,docid,docno,rank,score,query\nq1,7,d1,0,2.5,what is lift\nq1,9,d2,1,1e-3,what is lift\n"),
        ("run.csv", "Query ID;Doc ID;Score\nq1;d1;2.5\nq1;d2;0.001\n"),
        ("run.csv", "q1,d1,2.5\nq1,d2,0.001\n"),
        ("run.jsonl", '{"qid": "q1", "docid": "d1", "score": 2.5}\n{"qid": "q1", "docid": "d2", "score": 0.001}\n'),
        ("run.json", '{"q1": {"d1": 2.5, "d2": 0.001}}'),
        ("run.json", '{"name": "bm25", "run": {"q1": [["d1", 2.5], ["d2", 0.001]]}}'),
    ],
)
def test_runs_are_read_as_other_tools_write_them(write_bytes: WriteBytes, name: str, text: str) -> None:
    assert read_run(write_bytes(name, text.encode())) == {"q1": {"d1": 2.5, "d2": 0.001}}


def test_a_run_in_parquet_is_read(write_documents: Callable[..., Path]) -> None:
    rows = [{"q_id": "q1", "doc_id": "d1", "score": 2.5}, {"q_id": "q1", "doc_id": "d2", "score": 0.5}]
    assert read_run(write_documents("run.parquet", rows)) == {"q1": {"d1": 2.5, "d2": 0.5}}


@pytest.mark.parametrize(
    ("text", "best_first", "taken_for"),
    [
        ("1\t70\t1\n1\t50\t2\n1\t90\t3\n2\t50\t1\n", ["70", "50", "90"], "ranks"),
        ("1\t70\t2\n1\t50\t1\n1\t90\t3\n", ["50", "70", "90"], "ranks"),
        ("1\t70\t0\n1\t50\t1\n1\t90\t2\n", ["70", "50", "90"], "ranks"),
        ("1\t70\t1\n1\t50\t3\n1\t90\t4\n", ["70", "50", "90"], "ranks"),
        ("1\t70\t3\n1\t50\t2\n1\t90\t1\n", ["70", "50", "90"], "scores"),
        ("1\t70\t12\n1\t50\t7\n1\t90\t9\n", ["70", "90", "50"], "scores"),
        ("1\t70\t1\n1\t50\t2\n1\t90\t3\n2\t50\t0.5\n", ["90", "50", "70"], "scores"),
    ],
)
def test_a_third_column_is_taken_for_ranks_or_scores_and_it_is_said(
    write_bytes: WriteBytes,
    capsys: pytest.CaptureFixture[str],
    text: str,
    best_first: list[str],
    taken_for: str,
) -> None:
    path = write_bytes("run.tsv", text.encode())
    assert [doc_id for doc_id, _ in ranked(read_run(path)["1"])] == best_first
    assert f"its third column is taken for {taken_for}" in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.csv", "query_id,doc_id,rank\nq1,d1,2\nq1,d2,1\n"),
        ("run.json", '{"q1": ["d2", "d1"]}'),
    ],
)
def test_ranks_that_are_named_so_or_an_order_become_scores(write_bytes: WriteBytes, name: str, text: str) -> None:
    assert read_run(write_bytes(name, text.encode())) == {"q1": {"d1": -2.0, "d2": -1.0}}


@pytest.mark.parametrize(
    ("name", "data", "message", "hint"),
    [
        ("r.txt", b"q1 0 d1 1\n", "line 1: expected query-id Q0 doc-id rank score tag", "looks like judgments"),
        ("r.tsv", b"10\t0\t7187158\t1\n", "line 1: expected query-id Q0 doc-id rank score tag", "looks like judgments"),
        ("r.tsv", b"q1\twhat is lift\n", "line 1: expected query-id Q0 doc-id rank score tag", "looks like queries"),
        ("r.csv", b"qid,docno,label\nq1,d1,1\n", "line 2: expected columns of query, document and score or rank", ""),
        ("r.json", b'{"q1": {"d1": 2.5,}}', "line 1: expected JSON; found", ""),
        ("r.txt", b"PAR1\x15\x04", "expected a text file; found a Parquet file", ".parquet"),
        ("r.txt", b"q1 d1 2\nq1 d2\n", "line 2: expected query-id Q0 doc-id rank score tag; found 'q1 d2'", ""),
    ],
)
def test_what_is_no_run_is_named(write_bytes: WriteBytes, name: str, data: bytes, message: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"{name}(, |: ){message}") as error:
        read_run(write_bytes(name, data))
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q1 Q0 d2 2 nan x", "line 2: expected a finite number as score; found 'nan'"),
        ("q1 Q0 d2 2 inf x", "line 2: expected a finite number as score; found 'inf'"),
        ("q1 Q0 d2 2 -Infinity x", "line 2: expected a finite number as score; found '-Infinity'"),
        ("q1 Q0 d2 2 high x", "line 2: expected a finite number as score; found 'high'"),
        ("q1 Q0 d1 2 0.5 x", "line 2: expected each document once a query; found 'd1' again for 'q1'"),
        ("q1 d2 0.5", "line 2: expected query-id Q0 doc-id rank score tag; found 'q1 d2 0.5'"),
    ],
)
def test_bad_lines_are_refused(write_bytes: WriteBytes, line: str, message: str) -> None:
    path = write_bytes("run.trec", f"q1 Q0 d1 1 1.0 x\n{line}\n".encode())
    with pytest.raises(InputError, match=f"run.trec, {message}"):
        read_run(path)


@pytest.mark.parametrize(
    "line",
    [
        "q1 Q0 my file.txt 1 9.0 x",
        "q1 Q0 report 2020 1 9.0 x",
        "q 1 Q0 d1 1 3 x",
        "q 1 Q0 12 1 3 x",
        "q1 Q0 d1 x 3.1 x",
        "q1 d1 1 0.9 2",
        "q1 my file 1 0.9",
    ],
)
@pytest.mark.parametrize("before", ["", "q0 Q0 d1 1 1.0 x\n"])
def test_a_blank_within_an_id_is_refused_wherever_the_rank_is_none(
    write_bytes: WriteBytes, before: str, line: str
) -> None:
    with pytest.raises(InputError, match="expected a rank, which is a whole number, as field 4; found") as error:
        read_run(write_bytes("run.trec", f"{before}{line}\n".encode()))
    assert f"line {2 if before else 1}" in error.value.message
    assert "blanks" in error.value.hint


@pytest.mark.parametrize(
    "line",
    ["q1 q0 d1 0 2.5 x", "q1 0 d1 1.0 2.5 my tag", "q1 ITER d1 1 2.5 x", "q1 Q0 d1 1 2.5", "q1\tQ0\td1\t1\t2.5\t7"],
)
def test_ranks_and_constants_are_read_as_tools_write_them(write_bytes: WriteBytes, line: str) -> None:
    assert read_run(write_bytes("run.trec", f"{line}\n".encode())) == {"q1": {"d1": 2.5}}


def test_an_empty_run_is_refused(write_bytes: WriteBytes) -> None:
    with pytest.raises(InputError, match=r"run.trec: expected at least one line of a run; found none"):
        read_run(write_bytes("run.trec", b"\n"))


@pytest.mark.parametrize(("query_id", "doc_id"), [("q 1", "d1"), ("q1", "my file.txt"), ("q1", "")])
def test_an_id_that_a_run_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, query_id: str, doc_id: str
) -> None:
    with pytest.raises(InparsError, match="an id in a run must have no blanks"):
        write_run(tmp_path / "run.trec", {query_id: {doc_id: 1.0}}, "x")
    assert list(tmp_path.iterdir()) == []

from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.formats import open_rows
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]
SUFFIXES = ["", ".gz", ".zst"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_quoted_csv_fields_may_hold_commas_quotes_and_line_ends(write_bytes: WriteBytes, suffix: str) -> None:
    text = '\ufeffid,text\r\n007,"one, ""two""\r\nthree"\r\n\r\n8,plain\r\n'
    source = open_rows(write_bytes(f"r.csv{suffix}", text.encode()))
    rows = list(source.rows())
    assert [dict(row.values) for row in rows] == [
        {"id": "007", "text": 'one, "two"\r\nthree'},
        {"id": "8", "text": "plain"},
    ]
    assert [row.line for row in rows] == [2, 5]
    assert [source.fetch(row.locator).values for row in reversed(rows)] == [row.values for row in reversed(rows)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tsv_is_never_quoted(write_bytes: WriteBytes, suffix: str) -> None:
    source = open_rows(write_bytes(f"r.tsv{suffix}", b'id\ttitle\ttext\r\n1\t"A\the said "B\r\n'))
    (row,) = source.rows()
    assert row.values == {"id": "1", "title": '"A', "text": 'he said "B'}
    assert source.fetch(row.locator).values == row.values


@pytest.mark.parametrize(
    ("line", "columns"), [("007\ttext of one", ["id", "text"]), ("007\ta title\ta text", ["id", "title", "text"])]
)
def test_a_tsv_without_a_header_has_id_and_text_or_id_title_and_text(
    write_bytes: WriteBytes, line: str, columns: list[str]
) -> None:
    source = open_rows(write_bytes("r.tsv", f"{line}\n{line}\n".encode()))
    rows = list(source.rows())
    assert [list(row.values.values()) for row in rows] == [line.split("\t")] * 2
    assert list(rows[0].values) == columns


def test_the_first_row_of_a_tsv_without_a_header_is_fetched_without_its_byte_order_mark(
    write_bytes: WriteBytes,
) -> None:
    source = open_rows(write_bytes("r.tsv", "\ufeffd1\tone\nd2\ttwo\n".encode()))
    assert [row.values["id"] for row in source.rows()] == ["d1", "d2"]
    assert source.fetch(0).values["id"] == "d1"


@pytest.mark.parametrize("header", ["pid\tpassage", "docno\tcontents", "ID\tText", "topic_id\tquestion"])
def test_a_tsv_header_is_told_by_any_usual_column_name(write_bytes: WriteBytes, header: str) -> None:
    (row,) = open_rows(write_bytes("r.tsv", f"{header}\n1\tone\n".encode())).rows()
    assert list(row.values) == header.split("\t")


def test_a_tsv_header_is_told_by_the_columns_that_the_caller_has_chosen(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.tsv", b"number\twords\n1\tone\n")
    assert len(list(open_rows(path).rows())) == 2
    (row,) = open_rows(path, ("number",)).rows()
    assert row.values == {"number": "1", "words": "one"}


def test_a_field_may_be_longer_than_128_kib(write_bytes: WriteBytes) -> None:
    for name, text in (("r.csv", "id,text\n1,"), ("r.tsv", "1\t")):
        source = open_rows(write_bytes(name, text.encode() + b"x" * 200_000 + b"\n"))
        (row,) = source.rows()
        assert len(source.fetch(row.locator).values["text"]) == 200_000


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("r.csv", "id,text\n1,a\n2,b,c\n", r"line 3: expected 2 values \(id, text\); found 3"),
        ("r.csv", 'id,text\n1,"a\nb\n', "line 2: expected a well-formed record; found unexpected end of data"),
        ("r.csv", 'id,text\n1,"a"b\n', "line 2: expected a well-formed record; found ',' expected after '\"'"),
        ("r.tsv", "1\ta\n2\n", r"line 2: expected 2 values \(id, text\); found 1"),
        ("r.tsv", "a\tb\tc\td\n", "line 1: expected a header line, or id <tab> text, or .*; found 4 columns"),
        ("r.tsv", "only one column\n", "line 1: expected a header line, .*; found 1 columns"),
    ],
)
def test_malformed_records_are_named_by_the_line_they_start_in(
    write_bytes: WriteBytes, name: str, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=f"{name}, {message}"):
        list(open_rows(write_bytes(name, text.encode())).rows())

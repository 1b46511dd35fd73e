import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.columns import Columns
from inpars.data.fields import DOCUMENTS, Kind
from inpars.data.formats import open_rows
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.errors import InparsError, InputError, OptionError

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
    (row,) = open_rows(path, Columns(id="number")).rows()
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
        ("r.tsv", "only one column\n", "line 1: expected a header line, .*; found 1 column: "),
    ],
)
def test_malformed_records_are_named_by_the_line_they_start_in(
    write_bytes: WriteBytes, name: str, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=f"{name}, {message}"):
        list(open_rows(write_bytes(name, text.encode())).rows())


ROWS = [["d1", "Wings; and | lift", "They lift, and\tso on."], ["d2", "", 'He said "up".']]
EXPECTED = [dict(zip(("id", "title", "text"), row, strict=True)) for row in ROWS]


def table(**dialect: Any) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, **dialect).writerows([["id", "title", "text"], *ROWS])
    return stream.getvalue()


def values_of(path: Path, columns: Columns | None = None, kind: Kind = DOCUMENTS) -> list[dict[str, str]]:
    source = open_rows(path, columns, kind)
    rows = list(source.rows())
    fresh = open_rows(path, columns, kind)
    assert [fresh.fetch(row.locator).values for row in reversed(rows)] == [row.values for row in reversed(rows)]
    return [dict(row.values) for row in rows]


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.csv.gz"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_and_pandas_write_them_are_recognised(
    write_bytes: WriteBytes, name: str, delimiter: str, quoting: int, ending: str, encoding: str
) -> None:
    text = table(delimiter=delimiter, quoting=quoting, lineterminator=ending)
    assert values_of(write_bytes(name, text.encode(encoding))) == EXPECTED


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
def test_the_line_in_which_excel_names_the_separator_is_no_record(
    write_bytes: WriteBytes, mark: str, delimiter: str
) -> None:
    text = f"{mark}sep={delimiter}\r\n{table(delimiter=delimiter)}"
    assert values_of(write_bytes("r.csv", text.encode())) == EXPECTED


def test_a_separator_that_cannot_be_recognised_may_be_named(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.csv", table(delimiter="^").encode())
    with pytest.raises(InputError, match="line 1: expected a header line; found 1 column: ") as raised:
        values_of(path)
    assert f"{path}?sep=;" in raised.value.hint
    assert values_of(path, Columns(separator="^")) == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        '1\t"Lift" is a force.\n2\tdrag\n',
        '1\t"All of it in quotation marks."\n2\tdrag\n',
        '1\t"It begins\n2\tand ends here"\n',
        '1\the said ""up""\n2\t"\n',
        'id\ttext\n1\t"Lift\n2\tdrag"\n',
        "1\tid,title,text; query|passage\n2\tone, two\n",
    ],
)
def test_quotation_marks_and_other_separators_in_a_plain_tsv_belong_to_its_texts(
    write_bytes: WriteBytes, text: str
) -> None:
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("id\ttext")]
    assert [list(row.values()) for row in values_of(write_bytes("r.tsv", text.encode()))] == lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('id\ttext\n1\t"he said ""up"""\n2\tplain\n', 'he said "up"'),
        ('id\ttext\n1\t"two\nlines"\n2\tplain\n', "two\nlines"),
        ('id\ttext\n1\t"a\ttab"\n2\tplain\n', "a\ttab"),
        ('"id"\t"text"\n"1"\t"up"\n', "up"),
        ('1\t"two\nlines, and ""more"""\n2\tplain\n', 'two\nlines, and "more"'),
    ],
)
def test_a_tsv_that_shows_that_it_is_quoted_is_read_so(write_bytes: WriteBytes, text: str, expected: str) -> None:
    path = write_bytes("r.tsv", text.encode())
    assert values_of(path)[0] == {"id": "1", "text": expected}
    assert open_rows(path).reading == "quoted"


def test_a_tsv_that_is_quoted_only_far_down_is_told_what_to_say(write_bytes: WriteBytes) -> None:
    rows = "".join(f"{number}\t{'word ' * 250}\n" for number in range(1000))
    path = write_bytes("r.tsv", f'id\ttext\n{rows}x\t"two\nlines"\n'.encode())
    with pytest.raises(InputError, match="line 1003: expected 2 values") as raised:
        values_of(path)
    assert f"{path}?quote=yes" in raised.value.hint
    assert values_of(path, Columns(quote=True))[-1] == {"id": "x", "text": "two\nlines"}


def test_a_csv_that_is_never_quoted_may_be_read_so(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.csv", b'id,text\n1,"Lift" is a force\n')
    with pytest.raises(InputError, match="a well-formed record") as raised:
        values_of(path)
    assert "quote=no" in raised.value.hint
    assert values_of(path, Columns(quote=False)) == [{"id": "1", "text": '"Lift" is a force'}]


def test_documents_of_ms_marco_have_four_columns_and_no_header(write_bytes: WriteBytes) -> None:
    text = 'D1\thttps://example.org/a\tA "title\tA body.\nD2\thttp://example.org/b\t\t\n'
    first, second = values_of(write_bytes("msmarco-docs.tsv", text.encode()))
    assert first == {"docid": "D1", "url": "https://example.org/a", "title": 'A "title', "body": "A body."}
    assert (second["docid"], second["body"]) == ("D2", "")


def test_four_other_columns_without_a_header_are_not_taken_for_those(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.tsv", b"d1\t2024-01-02\tA. Author\tWings lift.\n")
    with pytest.raises(InputError, match="found 4 columns") as raised:
        values_of(path)
    assert f"{path}?header=no&id=1&text=4" in raised.value.hint
    (row,) = values_of(path, Columns(id="1", text="4"))
    assert (row["1"], row["4"]) == ("d1", "Wings lift.")


def test_columns_may_be_named_by_their_number(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.csv", b"d1;first, text;x\nd2;second;y\n")
    named = {"id": "1", "text": "2"}
    rows = values_of(path, Columns(**named, header=False))
    assert [(row["1"], row["2"]) for row in rows] == [("d1", "first, text"), ("d2", "second")]
    assert [row["2"] for row in values_of(path, Columns(**named, header=True))] == ["second"]
    with pytest.raises(InputError, match="expected to know whether the first line is a header"):
        values_of(path, Columns(**named))
    header = write_bytes("h.csv", b"id;text;text\nd1;a;b\n")
    assert values_of(header, Columns(text="3"))[0]["3"] == "b"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(id="1", text="9", header=False), "line 1: expected a column 9, as the spec says; found 3 columns"),
        (Columns(id="0", text="2", header=False), "line 1: expected a column 0, as the spec says; found 3 columns"),
        (Columns(id="key", text="2", header=False), "without a header line there is no column 'key'"),
    ],
)
def test_a_number_that_no_column_has_is_refused(write_bytes: WriteBytes, columns: Columns, message: str) -> None:
    with pytest.raises(InparsError, match=message):
        values_of(write_bytes("r.csv", b"d1;first;x\n"), columns)


def test_a_column_that_stands_there_twice_is_not_guessed(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.csv", b"id,text,text\n1,a,b\n")
    with pytest.raises(InputError, match="expected every column once; found 2 columns called 'text'") as raised:
        values_of(path)
    assert f"{path}?text=2" in raised.value.hint


@pytest.mark.parametrize(
    "line", ["301\ttide pools\tanemones", "301\ttide pools\tanemones\tcrabs", "301\thttp://x\ta\tb"]
)
def test_queries_without_a_header_are_id_and_query_and_nothing_else(write_bytes: WriteBytes, line: str) -> None:
    path = write_bytes("q.tsv", f"{line}\n".encode())
    with pytest.raises(InputError, match=r"expected a header line, or id <tab> text; found . columns") as raised:
        read_queries(path)
    assert f"{path}?header=no&id=1&text=2" in raised.value.hint
    assert read_queries(f"{path}?header=no&id=1&text=2")[0].query_id == "301"


def test_queries_are_read_from_tables_of_any_dialect(write_bytes: WriteBytes) -> None:
    path = write_bytes("q.csv", "\ufeffQID;Query\r\n301;tide pools, and crabs\r\n".encode())
    assert read_queries(path) == [Query("301", "tide pools, and crabs")]


@pytest.mark.parametrize("name", ["r.jsonl", "r.json", "r.parquet"])
def test_only_tables_have_a_dialect(write_documents: Callable[[str, list[dict[str, str]]], Path], name: str) -> None:
    path = write_documents(name, [{"id": "1", "text": "x"}])
    with pytest.raises(OptionError, match="only CSV and TSV have sep, header and quote"):
        open_rows(path, Columns(separator=";"))

"""Which columns are read, and what is said where that is not clear."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from inpars.data.columns import Columns, OtherKind, Record, RecordReader, split_columns
from inpars.data.fields import DOCUMENTS, QUERIES, Kind
from inpars.errors import InputError, OptionError

FILE = Path("docs.csv")


def read(row: Mapping[str, Any], columns: Columns | None = None, kind: Kind = DOCUMENTS, line: int = 1) -> Record:
    return RecordReader(FILE, columns or Columns(), kind).read(row, line, number=line)


def refused(row: Mapping[str, Any], columns: Columns | None = None, kind: Kind = DOCUMENTS) -> InputError:
    with pytest.raises(InputError) as raised:
        read(row, columns, kind, line=3)
    assert raised.value.message.startswith("docs.csv, line 3: expected ")
    return raised.value


def test_a_spec_without_options_leaves_the_columns_open() -> None:
    assert split_columns("docs.csv") == ("docs.csv", Columns())


def test_a_spec_may_name_its_columns() -> None:
    assert split_columns("docs.csv?id=pmid&text=abstract") == ("docs.csv", Columns(id="pmid", text="abstract"))


def test_a_column_name_may_have_blanks_and_signs_when_they_are_escaped() -> None:
    assert split_columns("d.csv?id=Doc+No&title=a%26b")[1] == Columns(id="Doc No", title="a&b")


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ("sep=;", Columns(separator=";")),
        ("sep=tab", Columns(separator="\t")),
        ("sep=%09&header=no", Columns(separator="\t", header=False)),
        ("sep=pipe&quote=No&header=YES", Columns(separator="|", quote=False, header=True)),
        ("header=no&id=1&text=4", Columns(id="1", text="4", header=False)),
    ],
)
def test_a_spec_may_say_how_a_table_is_written(options: str, columns: Columns) -> None:
    assert split_columns(f"d.csv?{options}") == ("d.csv", columns)


@pytest.mark.parametrize("options", ["sep=;;", "sep=%22", "sep=%0A", "header=maybe", "quote=1"])
def test_a_table_cannot_be_written_like_that(options: str) -> None:
    with pytest.raises(OptionError, match=rf"d.csv\?{options}: {options.split('=')[0]}=") as raised:
        split_columns(f"d.csv?{options}")
    assert "sep=CHARACTER" in raised.value.hint


def test_a_file_whose_name_has_a_question_mark_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "what?.csv"
    path.touch()
    assert split_columns(str(path)) == (str(path), Columns())


def test_an_unknown_column_option_is_named_with_those_that_there_are() -> None:
    with pytest.raises(OptionError, match=r"docs.csv\?txt=a: unknown column option txt") as raised:
        split_columns("docs.csv?txt=a")
    assert raised.value.hint.startswith("a spec takes ?id=COLUMN&title=COLUMN&text=COLUMN, and for CSV and TSV sep=")


def test_only_the_columns_that_were_named_are_chosen() -> None:
    assert Columns(id="pmid", text="abstract").chosen == ("pmid", "abstract")


@pytest.mark.parametrize("kind", [DOCUMENTS, QUERIES], ids=lambda kind: kind.name)
def test_every_usual_name_of_an_id_and_of_a_text_is_found(kind: Kind) -> None:
    for id_name in (name for tier in kind.ids for name in tier):
        assert read({"other": "x", id_name: "d1", "text": "y"}, kind=kind) == Record("d1", "", "y")
    for text_name in (name for tier in kind.texts for name in tier):
        assert read({"other": "x", "_id": "d1", text_name: "y"}, kind=kind).text == "y"


@pytest.mark.parametrize("name", ["ID", "DocID", "Doc ID", "doc-id", "corpus-id", " id ", "\ufeffid", "DOCNO", "docId"])
def test_neither_case_nor_what_joins_its_words_nor_a_byte_order_mark_hides_a_name(name: str) -> None:
    assert read({name: "d1", "Title": "T", "TEXT": "x"}) == Record("d1", "T", "x")


def test_a_chosen_name_may_differ_in_case_where_only_one_column_is_meant() -> None:
    assert read({"PMID": "7", "Abstract": "x"}, Columns(id="pmid", text="abstract")) == Record("7", "", "x")
    assert "expected a field 'pmid'" in refused({"PMID": "7", "Pmid": "8", "text": "x"}, Columns(id="pmid")).message


@pytest.mark.parametrize(
    ("row", "record"),
    [
        ({"pid": "p", "passage": "x", "spans": "(0,1)", "docid": "d"}, Record("p", "", "x")),
        ({"url": "u", "title": "T", "headings": "H", "body": "x", "docid": "d"}, Record("d", "T", "x")),
        ({"docid": "d#1", "url": "u", "title": "T", "headings": "H", "segment": "x"}, Record("d#1", "T", "x")),
        ({"_id": "b", "id": "row 7", "title": "T", "text": "x", "metadata": {}}, Record("b", "T", "x")),
        ({"id": "a#0", "contents": "x", "docid": "a", "raw": "<x>"}, Record("a#0", "", "x")),
        ({"cord_uid": "c", "sha": "s", "title": "T", "abstract": "x", "pubmed_id": "1"}, Record("c", "T", "x")),
        ({"docid": "5#0", "title": "T", "text": "x"}, Record("5#0", "T", "x")),
        ({"id": None, "doc_id": "n", "page_content": "x", "metadata": {"id": "z"}}, Record("n", "", "x")),
        ({"wikipedia_id": "290", "wikipedia_title": "A", "text": "x"}, Record("290", "A", "x")),
        ({"_index": "i", "_id": "e", "_source": {"headline": "T", "body": "x"}}, Record("e", "T", "x")),
        ({"doc_id": "same", "docid": "same", "text": "x", "contents": "x"}, Record("same", "", "x")),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_rows_of_published_formats_are_read_without_a_word(
    row: dict[str, Any], record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(row) == record
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("row", "part", "names"),
    [
        ({"id": "1", "doc_id": "a", "text": "x"}, "id", ["id", "doc_id"]),
        ({"pid": "1", "docid": "a", "text": "x"}, "id", ["pid", "docid"]),
        ({"chunk_id": "1", "doc_id": "a", "text": "x"}, "id", ["chunk_id", "doc_id"]),
        ({"id": "1", "ID": "2", "text": "x"}, "id", ["id", "ID"]),
        ({"doc_id": "1", "contents": "x", "body": "y"}, "text", ["contents", "body"]),
        ({"doc_id": "1", "abstract": "x", "full_text": "y"}, "text", ["abstract", "full_text"]),
        ({"doc_id": "1", "abstract": "x", "passage": "y"}, "text", ["abstract", "passage"]),
    ],
)
def test_two_columns_that_may_both_be_meant_are_reported_with_what_to_say(
    row: dict[str, Any], part: str, names: list[str]
) -> None:
    error = refused(row)
    assert f"expected one column that may be the {part}; found 2: " in error.message
    for name in names:
        assert f"{name!r} ({row[name]!r})" in error.message
        assert f"docs.csv?{part}={name}" in error.hint
        assert getattr(read(row, Columns(**{part: name})), part) == row[name]


def test_where_two_columns_differ_only_later_that_row_is_reported() -> None:
    reader = RecordReader(FILE, Columns(), DOCUMENTS)
    assert reader.read({"id": "a", "docno": "a", "text": "x"}, 1, 1).id == "a"
    with pytest.raises(InputError, match="line 2: expected one column that may be the id"):
        reader.read({"id": "b", "docno": "c", "text": "x"}, 2, 2)


def test_of_two_columns_each_row_is_read_by_the_one_that_is_filled() -> None:
    reader = RecordReader(FILE, Columns(), DOCUMENTS)
    rows = [{"id": "1", "content": "", "passage": "x"}, {"id": "2", "content": "y", "passage": ""}]
    assert [reader.read(row, 0, 0).text for row in rows] == ["x", "y"]


def test_a_name_that_goes_before_others_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    reader = RecordReader(FILE, Columns(), DOCUMENTS)
    for number in (1, 2):
        assert reader.read({"id": number, "text": "x", "abstract": "y"}, number, number).text == "x"
    said = capsys.readouterr().err.split()
    expected = "docs.csv: the text is read from 'text', not from 'abstract' (to read that instead: "
    assert " ".join(said) == f"{expected}docs.csv?text=abstract)"


def test_a_name_inside_an_object_goes_on_behind_a_dot() -> None:
    row = {"metadata": {"source": {"key": 7}}, "page_content": "x", "a.b": "y"}
    assert read(row, Columns(id="metadata.source.key")) == Record("7", "", "x")
    assert read(row, Columns(id="metadata.source.key", title="a.b")).title == "y"
    assert "expected a field 'metadata.uid'" in refused(row, Columns(id="metadata.uid")).message


@pytest.mark.parametrize(
    ("row", "kind", "hint"),
    [
        ({"query_id": "q1", "query": "what"}, DOCUMENTS, "these look like queries, not documents"),
        ({"query-id": "q1", "corpus-id": "d1", "score": "1"}, DOCUMENTS, "these are judgments or a run, not documents"),
        ({"query-id": "q1", "corpus-id": "d1", "score": "1"}, QUERIES, "these are judgments or a run, not queries"),
        ({"doc_id": "d1", "contents": "x"}, QUERIES, "these look like documents, not queries"),
        (
            {"query": "q", "doc_id": "d1", "doc_text": "x", "log_probs": [-1.0]},
            DOCUMENTS,
            "these are generated queries, as `inpars generate` writes them, not documents",
        ),
    ],
)
def test_rows_of_another_kind_are_told_as_such(row: dict[str, Any], kind: Kind, hint: str) -> None:
    error = refused(row, kind=kind)
    assert isinstance(error, OtherKind)
    assert hint in error.hint


def test_generated_queries_are_queries_whatever_stands_in_their_text() -> None:
    row = {"query_id": "q1", "query": "what", "doc_id": "d1", "text": "the document", "log_probs": [-1.0]}
    assert read(row, kind=QUERIES) == Record("q1", "", "what")


def test_documents_handed_over_as_queries_are_not_searched_for() -> None:
    row = {"_id": "d1", "title": "Wings", "text": "They lift."}
    error = refused(row, kind=QUERIES)
    assert "expected a query; found a title and a text, as documents have" in error.message
    assert read(row, Columns(text="title"), QUERIES).text == "Wings"
    assert read({"_id": "q1", "title": "", "text": "what lifts"}, kind=QUERIES).text == "what lifts"


@pytest.mark.parametrize(("value", "expected"), [("007", "007"), (7, "7"), (2**63, str(2**63)), ("7.0", "7.0")])
def test_an_id_is_a_string_as_it_was_written(value: object, expected: str) -> None:
    assert read({"id": value, "text": "x"}).id == expected


@pytest.mark.parametrize("value", ["", None, 7.0, True, ["a", "b"], []])
def test_nothing_else_is_an_id(value: object) -> None:
    error = refused({"id": value, "text": "x"})
    assert "line 3: expected a string or a whole number as id in 'id'; found" in error.message


def test_a_row_without_any_usual_id_is_told_what_was_looked_for_and_what_is_there() -> None:
    error = refused({"pubmed": "1", "abstract": "x"})
    assert "expected a field with an id: _id, doc_id" in error.message
    assert "found 'pubmed', 'abstract'" in error.message
    assert "docs.csv?id=COLUMN&text=COLUMN&title=COLUMN" in error.hint
    assert "where there is no header line, by number: docs.csv?header=no&id=1&text=2" in error.hint


def test_a_chosen_column_that_is_not_there_is_not_replaced_by_a_usual_one() -> None:
    row = {"id": "1", "text": "x"}
    for columns in (Columns(id="pmid"), Columns(text="pmid"), Columns(title="pmid")):
        assert "line 3: expected a field 'pmid'; found 'id', 'text'" in refused(row, columns).message


def test_a_text_may_be_empty_or_null_but_not_missing() -> None:
    assert read({"id": "1", "text": ""}).text == read({"id": "1", "text": None}).text == ""
    for row, found in (({"id": "1", "text": 3}, "3"), ({"id": "1", "text": ["a", 3]}, "['a', 3]"), ({}, "no fields")):
        assert f"found {found}" in refused(row).message


def test_a_query_has_a_text() -> None:
    assert "expected a string in 'text'; found None" in refused({"id": "1", "text": None}, kind=QUERIES).message


def test_paragraphs_in_a_list_are_one_text_and_a_list_of_one_is_its_value() -> None:
    row = {"id": ["7"], "title": ["Wings"], "text": ["Wings lift.\n", "They drag."]}
    assert read(row) == Record("7", "Wings", "Wings lift.\nThey drag.")


def test_the_number_of_the_row_may_be_its_id() -> None:
    assert read({"text": "x"}, Columns(id="#"), line=4).id == "4"
    assert read({"#": "a", "text": "x"}, Columns(id="#"), line=4).id == "a"


def test_where_there_is_a_text_and_no_id_the_number_of_the_row_is_offered() -> None:
    assert "to take the number of the row as its id: docs.csv?id=#;" in refused({"text": "x"}).hint
    assert "?id=#" not in refused({"pubmed": "x"}).hint


def test_a_title_may_be_null_or_missing_but_no_number() -> None:
    assert read({"id": "1", "text": "x", "title": None}).title == ""
    assert read({"id": "1", "text": "x"}).title == ""
    assert read({"id": "1", "text": "x", "head": "A", "title": "B"}, Columns(title="head")).title == "A"
    assert "expected a string in 'title'; found 1984" in refused({"id": "1", "text": "x", "title": 1984}).message

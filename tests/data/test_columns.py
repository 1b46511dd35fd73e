from pathlib import Path

import pytest

from inpars.data.columns import DOCUMENT_IDS, DOCUMENT_TEXTS, Columns, split_columns
from inpars.errors import InputError, OptionError

FILE = Path("docs.csv")


def test_a_spec_without_options_leaves_the_columns_open() -> None:
    assert split_columns("docs.csv") == ("docs.csv", Columns())


def test_a_spec_may_name_its_columns() -> None:
    assert split_columns("docs.csv?id=pmid&text=abstract") == ("docs.csv", Columns(id="pmid", text="abstract"))


def test_a_column_name_may_have_blanks_and_signs_when_they_are_escaped() -> None:
    assert split_columns("d.csv?id=Doc+No&title=a%26b")[1] == Columns(id="Doc No", title="a&b")


def test_a_file_whose_name_has_a_question_mark_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "what?.csv"
    path.touch()
    assert split_columns(str(path)) == (str(path), Columns())


def test_an_unknown_column_option_is_named_with_those_that_there_are() -> None:
    with pytest.raises(OptionError, match=r"docs.csv\?txt=a: unknown column option txt") as raised:
        split_columns("docs.csv?txt=a")
    assert raised.value.hint == "a spec takes ?id=COLUMN&title=COLUMN&text=COLUMN"


def test_only_the_columns_that_were_named_are_chosen() -> None:
    assert Columns(id="pmid", text="abstract").chosen == ("pmid", "abstract")


@pytest.mark.parametrize("name", DOCUMENT_IDS)
def test_the_usual_names_of_an_id_are_found(name: str) -> None:
    assert Columns().read_id({"other": "x", name: "d1"}, FILE, 1, DOCUMENT_IDS) == "d1"


@pytest.mark.parametrize(("value", "expected"), [("007", "007"), (7, "7"), (2**63, str(2**63)), ("7.0", "7.0")])
def test_an_id_is_a_string_as_it_was_written(value: object, expected: str) -> None:
    assert Columns().read_id({"id": value}, FILE, 1, DOCUMENT_IDS) == expected


@pytest.mark.parametrize("value", ["", None, 7.0, True, ["a"]])
def test_nothing_else_is_an_id(value: object) -> None:
    with pytest.raises(InputError, match=r"docs.csv, line 3: expected a string or a whole number as id in 'id'; found"):
        Columns().read_id({"id": value}, FILE, 3, DOCUMENT_IDS)


def test_a_row_without_any_usual_id_is_told_what_was_looked_for_and_what_is_there() -> None:
    with pytest.raises(InputError) as raised:
        Columns().read_id({"pmid": "1", "abstract": "x"}, FILE, 2, DOCUMENT_IDS)
    assert "docs.csv, line 2: expected a field with an id: _id, doc_id" in str(raised.value)
    assert "found 'pmid', 'abstract'" in str(raised.value)
    assert "docs.csv?id=COLUMN&text=COLUMN&title=COLUMN" in raised.value.hint


def test_a_chosen_column_that_is_not_there_is_not_replaced_by_a_usual_one() -> None:
    row = {"id": "1", "text": "x"}
    for read in (
        lambda: Columns(id="pmid").read_id(row, FILE, 2, DOCUMENT_IDS),
        lambda: Columns(text="pmid").read_text(row, FILE, 2, DOCUMENT_TEXTS),
        lambda: Columns(title="pmid").read_title(row, FILE, 2),
    ):
        with pytest.raises(InputError, match="line 2: expected a field 'pmid'; found 'id', 'text'"):
            read()


def test_a_text_may_be_empty_but_not_missing() -> None:
    assert Columns().read_text({"text": ""}, FILE, 1, DOCUMENT_TEXTS) == ""
    for row, found in (({"text": None}, "None"), ({"text": 3}, "3"), ({}, "no fields")):
        with pytest.raises(InputError, match=f"line 1: expected .*text.*; found {found}"):
            Columns().read_text(row, FILE, 1, DOCUMENT_TEXTS)


def test_a_title_may_be_null_or_missing_but_no_number() -> None:
    assert Columns().read_title({"title": None}, FILE, 1) == ""
    assert Columns().read_title({}, FILE, 1) == ""
    assert Columns(title="head").read_title({"head": "A", "title": "B"}, FILE, 1) == "A"
    with pytest.raises(InputError, match="expected a string in 'title'; found 1984"):
        Columns().read_title({"title": 1984}, FILE, 1)

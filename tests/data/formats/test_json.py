"""JSON files that are not lines, and what is read of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.formats import open_rows
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]
ROWS = [{"id": f"{number:03d}", "text": f"text ä {number}"} for number in range(5)]


def values_of(path: Path) -> list[dict[str, Any]]:
    source = open_rows(path)
    rows = list(source.rows())
    assert [source.fetch(row.locator).values for row in reversed(rows)] == [row.values for row in reversed(rows)]
    return [dict(row.values) for row in rows]


@pytest.mark.parametrize("name", ["r.json", "r.JSON", "r.json.gz", "r.json.zst", "r.data", "r"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_of_objects_is_read(write_bytes: WriteBytes, name: str, indent: int | None, encoding: str) -> None:
    data = json.dumps(ROWS, indent=indent, ensure_ascii=False).encode(encoding)
    assert values_of(write_bytes(name, data)) == ROWS


@pytest.mark.parametrize(
    "whole",
    [
        {"version": "1.0", "data": ROWS},
        {"took": 3, "hits": {"total": {"value": 5}, "hits": ROWS}},
        {"responseHeader": {"status": 0}, "response": {"numFound": 5, "docs": ROWS}},
    ],
    ids=["data", "Elasticsearch", "Solr"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_the_one_list_of_objects_in_an_object_is_read(write_bytes: WriteBytes, whole: Any, indent: int | None) -> None:
    assert values_of(write_bytes("r.json", json.dumps(whole, indent=indent).encode())) == ROWS


def test_an_object_of_documents_or_of_texts_by_id_is_read(write_bytes: WriteBytes) -> None:
    documents = {"d1": {"title": "T", "text": "x"}, "d2": {"title": "", "text": "y"}}
    expected = [{"_id": "d1", "title": "T", "text": "x"}, {"_id": "d2", "title": "", "text": "y"}]
    assert values_of(write_bytes("r.json", json.dumps(documents).encode())) == expected
    texts = {"d1": "one", "d2": "two"}
    expected = [{"_id": "d1", "text": "one"}, {"_id": "d2", "text": "two"}]
    assert values_of(write_bytes("t.json", json.dumps(texts).encode())) == expected


def test_a_file_of_one_document_is_one_row(write_bytes: WriteBytes) -> None:
    assert values_of(write_bytes("r.json", json.dumps(ROWS[0], indent=1).encode())) == ROWS[:1]


def test_json_lines_in_a_json_file_are_read(write_bytes: WriteBytes) -> None:
    assert values_of(write_bytes("r.json", "\n".join(map(json.dumps, ROWS)).encode())) == ROWS


def test_a_whole_number_above_64_bits_is_an_id_as_it_is_written(write_bytes: WriteBytes) -> None:
    corpus = open_corpus(write_bytes("d.json", b'[{"id": 123456789012345678901, "text": "a"}]'))
    assert corpus["123456789012345678901"].text == "a"


def test_numbers_that_json_lacks_but_python_writes_are_none(write_bytes: WriteBytes) -> None:
    assert values_of(write_bytes("r.json", b'[{"id": "a", "score": NaN}]')) == [{"id": "a", "score": None}]


def test_a_list_longer_than_what_is_read_at_once_is_streamed(write_bytes: WriteBytes) -> None:
    rows = [{"id": number, "text": "word " * (5 + number % 7 * 20_000)} for number in range(40)]
    path = write_bytes("r.json", json.dumps(rows).encode())
    assert values_of(path) == rows
    broken = write_bytes("b.json", path.read_bytes()[:-1] + b", broken]")
    stream = open_rows(broken).rows()
    assert [next(stream).values["id"] for _ in range(40)] == list(range(40))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'[{"id": 1},\n{"id": }]', "line 2: expected one JSON object, or ']'; found '{\"id\": }]'"),
        (b'[{"id": 1},\n{"id": 2, "te', "line 2: expected one JSON object, or ']'; found"),
        (b'[{"id": 1},\n', "line 2: expected one JSON object, or ']'; found the end of the file"),
        (b'[{"id": 1},\n7]', "line 2: expected one JSON object; found 7"),
        (b"7", "expected a JSON list or object; found 7"),
        (b'{"id": 1,\n "text"}', "line 2: expected JSON: a list of objects, an object that holds one, or"),
        (b'{"a": [{"b": 1}], "c": [{"d": 1}]}', "expected one list of objects; found 2: .a, .c"),
        (b'[{"id": "caf\xe9"}]', "expected UTF-8 text; found byte 0xe9"),
    ],
)
def test_what_cannot_be_read_is_named(write_bytes: WriteBytes, data: bytes, message: str) -> None:
    with pytest.raises(InputError) as raised:
        values_of(write_bytes("r.json", data))
    assert message in raised.value.message


def test_of_several_lists_a_way_to_take_one_is_shown(write_bytes: WriteBytes) -> None:
    path = write_bytes("r.json", b'{"docs": [{"b": 1}], "queries": [{"d": 1}]}')
    with pytest.raises(InputError) as raised:
        values_of(path)
    assert f"jq -c '.docs[]' {path}" in raised.value.hint

"""Files whose names do not say what is in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.records import Document
from inpars.errors import InputError

Write = Callable[[str, list[dict[str, Any]]], Path]
WriteBytes = Callable[[str, bytes], Path]
ROWS = [{"id": "007", "title": "T", "text": "one, two"}, {"id": "d2", "title": "", "text": "x"}]
DOCUMENTS = [Document("007", "one, two", "T"), Document("d2", "x")]


@pytest.mark.parametrize("written", ["d.jsonl", "d.json", "d.tsv", "d.csv", "d.parquet"])
@pytest.mark.parametrize(
    "name", ["collection", "collection.txt", "msmarco_passage_00.gz", "c.bz2", "c.xz", "c.dump.zst"]
)
def test_the_content_tells_the_format(write_documents: Write, write_bytes: WriteBytes, written: str, name: str) -> None:
    data = write_documents(written, ROWS).read_bytes()
    assert list(open_corpus(write_bytes(name, data))) == DOCUMENTS


def test_a_single_line_of_json_and_a_headerless_tsv_are_known_too(write_bytes: WriteBytes) -> None:
    assert list(open_corpus(write_bytes("one", json.dumps(ROWS[0]).encode()))) == DOCUMENTS[:1]
    assert list(open_corpus(write_bytes("two", b"007\tone, two\nd2\tx\n"))) == [
        Document("007", "one, two"),
        DOCUMENTS[1],
    ]


@pytest.mark.parametrize(
    ("name", "data", "found", "hint"),
    [
        (
            "d.txt",
            b"Just some words.\nAnd more.\n",
            "text that is none of these: 'Just some words.'",
            "a folder of them",
        ),
        ("d.md", b"[a link](x) and words\n", "text that is none of these", "a folder of them"),
        ("d.run", b"q1 Q0 d1 1 2.5 tag\n", "text that is none of these", "judgments or a run in TREC's form"),
        ("d.qrels", b"q1 0 d1 1\n", "text that is none of these", "judgments or a run in TREC's form"),
        ("d.tgz", b"\x1f\x8b\x08\0", "a compressed tar archive", "tar -xf"),
        ("d.tar.gz", bytes(257) + b"ustar\x0000" + bytes(300), "a tar archive", "tar -xf"),
        ("d.xlsx", b"PK\x03\x04" + bytes(30) + b"xl/workbook.xml", "an Excel workbook", "CSV UTF-8"),
        ("d.html", b"<html></html>", "a web page (HTML)", "error page"),
        ("d", b"\n \n", "an empty file with the ending ''", ""),
    ],
)
def test_what_is_none_of_the_formats_is_named(
    write_bytes: WriteBytes, name: str, data: bytes, found: str, hint: str
) -> None:
    path = write_bytes(name, data)
    with pytest.raises(InputError, match=r"expected a file that ends in \.jsonl, ") as raised:
        open_corpus(path)
    assert found in raised.value.message
    assert hint in raised.value.hint

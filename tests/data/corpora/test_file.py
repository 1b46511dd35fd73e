from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import file_hash
from inpars.data.records import Document
from inpars.errors import InparsError, InputError

Write = Callable[[str, list[dict[str, Any]]], Path]
WriteBytes = Callable[[str, bytes], Path]

FORMATS = [
    *(f"docs.{name}{suffix}" for name in ("jsonl", "csv", "tsv", "parquet") for suffix in ("", ".gz", ".zst")),
    *("docs.json", "docs.arrow", "docs.json.gz", "docs.arrow.zst", "docs.jsonl.bz2", "docs.csv.xz"),
]
ROWS = [{"_id": f"{n:03d}", "title": "" if n % 3 else f"Title {n}", "text": f"text of ä {n}"} for n in range(50)]
DOCUMENTS = [Document(row["_id"], row["text"], row["title"]) for row in ROWS]


@pytest.fixture(params=FORMATS)
def path(request: pytest.FixtureRequest, write_documents: Write) -> Path:
    """The same fifty documents in each format and compression."""
    return write_documents(request.param, ROWS)


def test_documents_stream_in_the_order_of_the_file_as_often_as_asked(path: Path) -> None:
    corpus = open_corpus(path)
    assert list(corpus) == DOCUMENTS
    assert list(corpus) == DOCUMENTS


def test_a_corpus_has_a_length(path: Path) -> None:
    assert len(open_corpus(path)) == 50


def test_documents_are_looked_up_by_id_and_ids_keep_their_zeros(path: Path) -> None:
    corpus = open_corpus(path)
    for number in (7, 49, 0):
        assert corpus[f"{number:03d}"] == DOCUMENTS[number]
    assert "007" in corpus
    assert "7" not in corpus
    assert 7 not in corpus
    with pytest.raises(KeyError):
        corpus["7"]


def test_shuffling_gives_every_document_once_in_an_order_that_the_seed_fixes(path: Path) -> None:
    first, again, other = (list(open_corpus(path).shuffled(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first != DOCUMENTS
    assert sorted(first, key=lambda d: d.doc_id) == sorted(other, key=lambda d: d.doc_id) == DOCUMENTS


def test_a_sample_is_distinct_and_fixed_by_its_seed(path: Path) -> None:
    corpus = open_corpus(path)
    sample = corpus.sample(20, seed=3)
    assert len({document.doc_id for document in sample}) == 20
    assert sample == open_corpus(path).sample(20, seed=3)
    assert sample != corpus.sample(20, seed=4)
    assert set(sample) <= set(DOCUMENTS)


def test_a_smaller_sample_is_the_beginning_of_a_larger_one_and_none_is_larger_than_the_corpus(path: Path) -> None:
    corpus = open_corpus(path)
    assert corpus.sample(5, seed=3) == corpus.sample(20, seed=3)[:5]
    assert len(corpus.sample(1000, seed=3)) == 50
    assert corpus.sample(0, seed=3) == []


def test_a_corpus_can_be_read_in_two_places_at_once(path: Path) -> None:
    corpus = open_corpus(path)
    for document, other in zip(corpus, corpus.shuffled(1), strict=True):
        assert corpus[other.doc_id] == other
        assert corpus[document.doc_id] == document


def test_the_fingerprint_changes_with_the_contents(path: Path, write_documents: Write) -> None:
    before = open_corpus(path).fingerprint()
    assert open_corpus(path).fingerprint() == before
    write_documents(path.name, [*ROWS[1:], ROWS[0] | {"text": "another"}])
    assert open_corpus(path).fingerprint() != before


def test_the_fingerprint_changes_with_the_columns_that_are_read(write_documents: Write) -> None:
    path = write_documents("docs.jsonl", [{"id": "1", "text": "a", "abstract": "b"}])
    assert open_corpus(f"{path}?text=abstract").fingerprint() != open_corpus(path).fingerprint()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("d.jsonl", b'{"_id": "1", "id": "x", "title": "T", "text": "a", "abstract": "b"}\n'),
        ("d.jsonl", b'{"docid": "1", "body": "a", "title": "T"}\n'),
        ("d.csv", b"id,text\n1,a\n"),
        ("d.tsv", b'id\ttitle\ttext\n1\tT\t"a" is\n'),
    ],
)
def test_what_is_read_as_ever_keeps_its_fingerprint(write_bytes: WriteBytes, name: str, data: bytes) -> None:
    path = write_bytes(name, data)
    assert open_corpus(path).fingerprint() == f"{file_hash(path)}:::"
    assert open_corpus(f"{path}?text=title").fingerprint() == f"{file_hash(path)}:::title"


@pytest.mark.parametrize(
    ("name", "data", "how"),
    [
        ("d.jsonl", b'{"pid": "1", "passage": "a", "docid": "d"}\n', "pid::passage"),
        ("d.jsonl", b'{"id": "1", "text": "a", "headline": "T"}\n', "id:headline:text"),
        ("d.csv", b"id,Title,text\n1,T,a\n", "id:Title:text"),
        ("d.tsv", b'1\t"a ""b"""\n', "quoted"),
    ],
)
def test_what_was_once_read_in_another_way_has_another_fingerprint(
    write_bytes: WriteBytes, name: str, data: bytes, how: str
) -> None:
    path = write_bytes(name, data)
    assert open_corpus(path).fingerprint() == f"{file_hash(path)}::::{how}"


def test_the_fingerprint_changes_with_how_the_spec_says_that_a_table_is_written(write_bytes: WriteBytes) -> None:
    path = write_bytes("d.tsv", b"id\ttext\n1\ta\n")
    assert open_corpus(f"{path}?header=no").fingerprint() != open_corpus(path).fingerprint()


def test_streaming_reads_no_further_than_it_is_asked(write_bytes: WriteBytes) -> None:
    path = write_bytes("docs.jsonl", b'{"_id": "1", "text": "a"}\n{"_id": "2", "text": "b"}\nbroken\n')
    assert [document.doc_id for document in itertools.islice(open_corpus(path), 2)] == ["1", "2"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_document_may_be_longer_than_128_kib(write_documents: Write, name: str) -> None:
    text = "long " * 60_000
    corpus = open_corpus(write_documents(name, [{"id": "a", "text": "short"}, {"id": "b", "text": text}]))
    assert corpus["b"].text == text


@pytest.mark.parametrize("name", ["docs.jsonl", "docs.parquet"])
def test_integer_ids_become_strings_and_null_titles_empty(write_documents: Write, name: str) -> None:
    rows = [{"id": 7, "title": None, "text": "a"}, {"id": 2**40, "title": "T", "text": "b"}]
    corpus = open_corpus(write_documents(name, rows))
    assert list(corpus) == [Document("7", "a"), Document(str(2**40), "b", "T")]
    assert corpus["7"].contents == "a"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("docs.jsonl", '\ufeff{"_id": "007", "text": "one"}\r\n{"_id": "d2", "text": "two"}\r\n'),
        ("docs.csv", "\ufeffid,text\r\n007,one\r\nd2,two\r\n"),
        ("docs.tsv", "\ufeffid\ttext\r\n007\tone\r\nd2\ttwo\r\n"),
        ("docs.tsv", "\ufeff007\tone\r\nd2\ttwo\r\n"),
    ],
    ids=["jsonl", "csv", "tsv", "tsv without header"],
)
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_byte_order_mark_and_crlf_leave_no_trace(write_bytes: WriteBytes, name: str, data: str, suffix: str) -> None:
    corpus = open_corpus(write_bytes(name + suffix, data.encode()))
    assert list(corpus) == [Document("007", "one"), Document("d2", "two")]
    assert [corpus["007"].text, corpus["d2"].text] == ["one", "two"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_csv_document_of_several_lines_is_found_again(write_bytes: WriteBytes, suffix: str) -> None:
    data = b'id,title,text\n1,"A, ""b""","first\n\nsecond"\n2,,"x\r\ny"\n3,C,z\n'
    corpus = open_corpus(write_bytes(f"docs.csv{suffix}", data))
    assert corpus["1"] == Document("1", "first\n\nsecond", 'A, "b"')
    assert corpus["2"] == Document("2", "x\r\ny")
    assert sorted(document.doc_id for document in corpus.sample(3, seed=0)) == ["1", "2", "3"]


@pytest.mark.parametrize("name", ["docs.jsonl", "docs.csv", "docs.tsv", "docs.parquet"])
def test_the_columns_may_be_named_in_the_spec(write_documents: Write, name: str) -> None:
    path = write_documents(name, [{"pmid": "007", "head": "T", "abstract_en": "A"}])
    corpus = open_corpus(f"{path}?id=pmid&text=abstract_en&title=head")
    assert list(corpus) == [Document("007", "A", "T")]


def test_the_collection_of_inpars_v1_has_no_header(write_bytes: WriteBytes) -> None:
    corpus = open_corpus(write_bytes("collection.tsv", b'0\tThe "first" passage.\n1\tThe second.\n'))
    assert list(corpus) == [Document("0", 'The "first" passage.'), Document("1", "The second.")]


def read_everything(corpus: Corpus) -> None:
    assert len(corpus)


@pytest.mark.parametrize(
    ("name", "data", "line", "expected", "found"),
    [
        ("d.jsonl", b'{"_id": "1", "text": "a"}\n{"_id": "2", "te\n', 2, "one JSON object", '{"_id": "2", "te'),
        ("d.jsonl", b'{"_id": "1", "text": "a"}\n{"_id": "2"}\n', 2, "a field with a text: text, ", "'_id'"),
        ("d.jsonl", b'{"text": "a"}\n', 1, "a field with an id: _id, ", "'text'"),
        ("d.jsonl", b'{"id": 1.5, "text": "a"}\n', 1, "a string or a whole number as id in 'id'", "1.5"),
        ("d.jsonl", b'{"id": "1", "text": 3}\n', 1, "a string in 'text'", "3"),
        ("d.jsonl", b'{"id": "1", "text": "caf\xe9"}\n', 1, "UTF-8 text", "byte 0xe9 at column 25"),
        ("d.csv", b"id,text\n1,caf\xe9\n", 2, "UTF-8 text", "byte 0xe9 at column 6"),
        ("d.csv", b"name,words\n1,a\n", 2, "a field with an id: _id, ", "'name', 'words'"),
        ("d.csv", b"id,text\n1\n", 2, "2 values (id, text)", "1"),
        ("d.csv", b'id,text\n1,"a\n', 2, "a well-formed record", "unexpected end of data"),
        ("d.tsv", b"1\ta\n2\tb\tc\n", 2, "2 values (id, text)", "3"),
        ("d.tsv", b"1\ta\nb\xff\n", 2, "UTF-8 text", "byte 0xff at column 2"),
    ],
)
def test_bad_input_is_named_by_file_and_line_with_what_was_expected_and_found(
    write_bytes: WriteBytes, name: str, data: bytes, line: int, expected: str, found: str
) -> None:
    path = write_bytes(name, data)
    with pytest.raises(InputError) as raised:
        read_everything(open_corpus(path))
    assert raised.value.message.startswith(f"{path}, line {line}: expected {expected}")
    assert found in raised.value.message.partition("; found ")[2]


@pytest.mark.parametrize("name", FORMATS)
def test_an_id_that_occurs_twice_is_named_with_both_its_lines(write_documents: Write, name: str) -> None:
    rows = [{"id": doc_id, "text": "x"} for doc_id in ("a", "b", "c", "b", "d")]
    path = write_documents(name, rows)
    first, second = (3, 5) if ".csv" in name or ".tsv" in name else (2, 4)
    with pytest.raises(InputError) as raised:
        read_everything(open_corpus(path))
    expected = f"{path}, line {second}: expected every document id once; found id 'b', which line {first} already has"
    assert raised.value.message == expected


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        (("doc_id", "url", "n"), "'url' has every value once: {path}?id=url"),
        (("doc_id", "lang", "Chunk No"), "'Chunk No' has every value once: {path}?id=Chunk+No"),
        (
            ("doc_id", "lang"),
            "no other column than 'doc_id' has every value once: leave repeated rows out, or take the number of the "
            "row as its id: {path}?id=#",
        ),
    ],
)
@pytest.mark.parametrize("name", ["d.csv", "d.parquet", "d.json"])
def test_where_ids_repeat_a_column_is_named_that_does_not(
    write_documents: Write, name: str, columns: tuple[str, ...], hint: str
) -> None:
    values = {"doc_id": "aab", "url": "xyz", "n": "012", "lang": "eef", "Chunk No": "123"}
    path = write_documents(name, [{key: values[key][n] for key in columns} | {"text": "same"} for n in range(3)])
    with pytest.raises(InputError, match="expected every document id once") as raised:
        read_everything(open_corpus(path))
    assert raised.value.hint == hint.format(path=path)


def test_an_empty_file_is_told_as_such(write_bytes: WriteBytes) -> None:
    with pytest.raises(InputError, match="found none") as raised:
        read_everything(open_corpus(write_bytes("d.jsonl", b"")))
    assert raised.value.hint == "the file is empty: was it downloaded, or written, to its end?"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"query_id": "q1", "query": "what lifts"}, "these look like queries"),
        ({"query-id": "q1", "corpus-id": "d1", "score": 1}, "these are judgments or a run"),
        ({"query": "q", "doc_id": "d", "doc_text": "x", "log_probs": [-1.0]}, "these are generated queries"),
    ],
)
def test_a_file_of_another_kind_is_no_corpus(write_documents: Write, row: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match="line 1: expected a") as raised:
        read_everything(open_corpus(write_documents("d.jsonl", [row])))
    assert what in raised.value.hint


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("d.jsonl", b""),
        ("d.jsonl", b"\n\n"),
        ("d.csv", b""),
        ("d.csv", b"id,text\n"),
        ("d.tsv", b""),
        ("d.jsonl.gz", b""),
    ],
)
def test_a_corpus_without_documents_is_refused(write_bytes: WriteBytes, name: str, data: bytes) -> None:
    path = write_bytes(name, data)
    with pytest.raises(InputError, match=f"{path}: expected at least one document; found none"):
        read_everything(open_corpus(path))


@pytest.mark.parametrize("name", ["d.jsonl", "d.csv", "d.tsv", "d.parquet"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(write_documents: Write, name: str) -> None:
    path = write_documents(name, [{"id": "1", "text": "a"}])
    with pytest.raises(InputError, match=r"line \d: expected a field 'abstract'; found 'id', 'text'"):
        read_everything(open_corpus(f"{path}?text=abstract"))


@pytest.mark.parametrize("name", [name for name in FORMATS if name.endswith((".gz", ".zst", ".bz2", ".xz"))])
def test_a_compressed_file_that_is_cut_off_is_refused(write_documents: Write, name: str) -> None:
    path = write_documents(name, ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=rf"{path}.*: expected .*; found .*end"):
        read_everything(open_corpus(path))


def test_rows_without_ids_are_numbered_and_found_again(write_bytes: WriteBytes) -> None:
    for name, data in (
        ("d.jsonl", b'{"text": "a"}\n\n{"text": "b"}\n'),
        ("d.json", b'[{"text": "a"}, {"text": "b"}]'),
        ("d.csv", b"title,text\n,a\n,b\n"),
        ("e.csv", b"text\na\nb\n"),
        ("d.tsv", b"text\na\nb\n"),
    ):
        corpus = open_corpus(f"{write_bytes(name, data)}?id=#")
        assert [document.doc_id for document in corpus] == ["1", "2"]
        assert (corpus["1"].text, corpus["2"].text) == ("a", "b")
        assert {document.text for document in corpus.sample(2, seed=0)} == {"a", "b"}


@pytest.mark.parametrize("name", ["d.jsonl", "d.json"])
def test_half_a_character_is_replaced(write_bytes: WriteBytes, name: str) -> None:
    row = rb'{"_id": "1", "text": "half \ud83d, whole \uD83D\uDE00"}'
    corpus = open_corpus(write_bytes(name, row if name == "d.jsonl" else b"[" + row + b"]"))
    assert corpus["1"].text == "half \ufffd, whole \U0001f600"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_that_changed_after_it_was_indexed_does_not_give_another_document(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.jsonl{suffix}"
    pack = gzip.compress if suffix else bytes
    path.write_bytes(pack(b'{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}\n'))
    corpus = open_corpus(path)
    assert len(corpus) == 2
    path.write_bytes(pack(b'{"id": "longer", "text": "x"}\n{"id": "b", "text": "y"}\n'))
    with pytest.raises((KeyError, InparsError)):
        corpus["b"]

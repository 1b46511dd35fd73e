from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.errors import InputError, OptionError

Write = Callable[[str, list[dict[str, Any]]], Path]
ROW = {"_id": "d1", "title": "T", "text": "x"}


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst"])
def test_a_folder_is_a_beir_folder(write_documents: Write, name: str) -> None:
    folder = write_documents(name, [ROW]).parent
    for spec in (folder, str(folder)):
        assert list(open_corpus(spec)) == [Document("d1", "x", "T")]


def test_a_real_beir_folder_is_read(collection: Callable[[str], Path]) -> None:
    corpus = open_corpus(collection("cranfield"))
    documents = list(corpus)
    assert len(corpus) == len(documents) > 900
    assert corpus[documents[-1].doc_id] == documents[-1]


def test_columns_may_be_named_for_a_beir_folder(write_documents: Write) -> None:
    folder = write_documents("corpus.jsonl", [ROW | {"abstract": "y"}]).parent
    assert open_corpus(f"{folder}?text=abstract")["d1"].text == "y"


def test_an_open_corpus_is_handed_back() -> None:
    corpus = MemoryCorpus([Document("d1", "x")])
    assert open_corpus(corpus) is corpus


def test_every_corpus_fulfils_the_protocol(write_documents: Write) -> None:
    path = write_documents("d.jsonl", [ROW])
    assert all(isinstance(corpus, Corpus) for corpus in (open_corpus(path), MemoryCorpus([])))


def test_a_corpus_in_memory_is_a_corpus_like_any_other() -> None:
    documents = [Document(f"d{n}", "x") for n in range(20)]
    corpus = MemoryCorpus(documents)
    assert corpus["d7"] is documents[7]
    assert set(corpus.sample(20, seed=1)) == set(documents)
    assert corpus.fingerprint() != MemoryCorpus(documents[1:]).fingerprint()
    with pytest.raises(InputError, match="line 2: expected every document id once; found id 'a', which line 1"):
        len(MemoryCorpus([Document("a", "x"), Document("a", "y")]))


def test_a_folder_without_a_corpus_is_told_what_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "manual.pdf").touch()
    with pytest.raises(InputError) as raised:
        open_corpus(tmp_path)
    assert f"{tmp_path}: expected a BEIR folder with corpus.jsonl, or .txt, .text, .md, " in str(raised.value)
    assert ".rst files in it or below, or documents in .jsonl, .json, .csv" in str(raised.value)
    assert str(raised.value).endswith("; found manual.pdf")


def test_an_empty_folder_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a BEIR folder with .*; found an empty folder"):
        open_corpus(tmp_path)


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", "none.tsv.gz", "none.parquet"])
def test_a_missing_file_is_named_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{tmp_path / name}: expected a readable file; found nothing there"):
        open_corpus(tmp_path / name)


def test_a_file_of_an_unknown_format_is_told_which_are_known(tmp_path: Path) -> None:
    (tmp_path / "docs.xlsx").touch()
    with pytest.raises(InputError) as raised:
        open_corpus(tmp_path / "docs.xlsx")
    assert "docs.xlsx: expected a file that ends in .jsonl, .ndjson, .csv, .tsv, .parquet" in str(raised.value)
    assert "(and .gz, .zst, .bz2 or .xz); found an empty file with the ending '.xlsx'" in str(raised.value)


@pytest.mark.parametrize("spec", ["no-such-corpus", "hff:BeIR/scifact", "/no/such/folder", "python_docs"])
def test_an_unknown_spec_is_told_what_a_corpus_is(spec: str) -> None:
    with pytest.raises(OptionError, match=f"unknown corpus '{spec}': no such file or folder") as raised:
        open_corpus(spec)
    for kind in ("BEIR folder", ".txt", ".parquet", "datasets saved", "ir_datasets:ID", "hf:ID", "python-docs"):
        assert kind in raised.value.hint


def test_an_unknown_column_option_is_refused(write_documents: Write) -> None:
    with pytest.raises(OptionError, match="unknown column option txt"):
        open_corpus(f"{write_documents('d.csv', [ROW])}?txt=a")

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from inpars.data.corpora import open_corpus
from inpars.data.records import Document
from inpars.errors import InparsError, InputError

ROWS = [{"_id": f"{n:03d}", "title": "" if n % 2 else f"Title {n}", "text": f"text {n}"} for n in range(30)]
DOCUMENTS = [Document(row["_id"], row["text"], row["title"]) for row in ROWS]

Write = Callable[[str, list[dict[str, Any]]], None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty dataset folder, with the library's cache beside it and its progress bars off."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


@pytest.fixture
def write(folder: Path) -> Write:
    def write(name: str, rows: list[dict[str, Any]]) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    return write


def test_documents_stream_and_are_counted_and_looked_up(folder: Path, write: Write) -> None:
    write("train.jsonl", ROWS)
    corpus = open_corpus(f"hf:{folder}")
    assert list(corpus) == DOCUMENTS
    assert len(corpus) == 30
    assert corpus["007"] == DOCUMENTS[7]
    assert "7" not in corpus


def test_a_sample_is_distinct_and_fixed_by_its_seed(folder: Path, write: Write) -> None:
    write("train.jsonl", ROWS)
    corpus = open_corpus(f"hf:{folder}")
    sample = corpus.sample(10, seed=1)
    assert sample == open_corpus(f"hf:{folder}").sample(10, seed=1)
    assert sample != corpus.sample(10, seed=2)
    assert len(set(sample)) == 10
    assert set(sample) <= set(DOCUMENTS)


def test_the_split_may_be_named_and_is_train_otherwise(folder: Path, write: Write) -> None:
    write("train.jsonl", ROWS[:3])
    write("test.jsonl", ROWS[3:])
    assert len(open_corpus(f"hf:{folder}")) == 3
    assert len(open_corpus(f"hf:{folder}::test")) == 27


def test_a_configuration_called_corpus_goes_before_the_others(folder: Path, write: Write) -> None:
    write("corpus/corpus.jsonl", ROWS)
    write("queries/queries.jsonl", [{"_id": "q1", "text": "what"}])
    configs = [
        {"config_name": name, "data_files": [{"split": name, "path": f"{name}/{name}.jsonl"}]}
        for name in ("queries", "corpus")
    ]
    (folder / "README.md").write_text(f"---\nconfigs: {json.dumps(configs)}\n---\n")
    assert list(open_corpus(f"hf:{folder}")) == DOCUMENTS
    assert [document.doc_id for document in open_corpus(f"hf:{folder}:queries")] == ["q1"]
    assert list(open_corpus(f"hf:{folder}:corpus:corpus")) == DOCUMENTS


def test_integer_ids_become_strings_and_null_titles_empty(folder: Path, write: Write) -> None:
    write("train.jsonl", [{"id": 7, "title": None, "text": "a"}, {"id": 8, "title": "T", "text": "b"}])
    assert list(open_corpus(f"hf:{folder}")) == [Document("7", "a"), Document("8", "b", "T")]


def test_columns_may_be_named_in_the_spec(folder: Path, write: Write) -> None:
    write("train.jsonl", [{"pmid": "007", "abstract_en": "A", "text": "other"}])
    assert list(open_corpus(f"hf:{folder}?id=pmid&text=abstract_en")) == [Document("007", "A")]


def test_the_fingerprint_changes_with_the_documents_and_with_the_columns(folder: Path, write: Write) -> None:
    write("train.jsonl", [{"id": "1", "text": "a", "more": "b"}])
    first = open_corpus(f"hf:{folder}").fingerprint()
    assert open_corpus(f"hf:{folder}").fingerprint() == first
    assert open_corpus(f"hf:{folder}?text=more").fingerprint() != first
    write("train.jsonl", [{"id": "1", "text": "changed", "more": "b"}])
    assert open_corpus(f"hf:{folder}").fingerprint() != first


def test_a_missing_column_is_named_with_dataset_and_row(folder: Path, write: Write) -> None:
    write("train.jsonl", [{"nr": "1", "text": "a"}])
    with pytest.raises(InputError, match=f"hf:{folder}, line 1: expected a field with an id: .*; found 'nr', 'text'"):
        len(open_corpus(f"hf:{folder}"))


def test_an_unknown_split_is_answered_with_those_that_there_are(folder: Path, write: Write) -> None:
    write("train.jsonl", ROWS)
    with pytest.raises(InparsError, match="has no split 'dev'") as raised:
        open_corpus(f"hf:{folder}::dev")
    assert raised.value.hint == "it has: train"


def test_a_dataset_that_cannot_be_loaded_is_a_user_error(folder: Path) -> None:
    with pytest.raises(InparsError, match=r"cannot load the dataset '.*nowhere'") as raised:
        open_corpus(f"hf:{folder / 'nowhere'}")
    assert "hf:ID" in raised.value.hint

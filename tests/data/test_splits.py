from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import ir_datasets
import pytest
from ir_datasets.formats import TrecQrels, TsvQueries
from ir_datasets.util import LocalDownload

from inpars.data.splits import open_split


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BEIR folder judged for training and validation."""
    place = tmp_path / "beir"
    (place / "qrels").mkdir(parents=True)
    (place / "corpus.jsonl").write_text('{"_id": "d1", "text": "x"}\n')
    (place / "queries.jsonl.gz").write_bytes(gzip.compress(b'{"_id": "q1", "text": "one"}\n'))
    (place / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    (place / "qrels" / "validation.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\n")
    return place


@pytest.mark.parametrize("end", ["", "corpus.jsonl", "?text=text"])
def test_a_beir_folder_is_split_by_its_qrels(folder: Path, end: str) -> None:
    spec = f"{folder}{end}" if end.startswith("?") else str(folder / end)
    train, dev = open_split(spec, "train"), open_split(spec, "dev")
    assert train is not None
    assert dev is not None
    assert [query.text for query in train[0]] == ["one"]
    assert (train[1], dev[1]) == ({"q1": {"d1": 1}}, {"q1": {"d1": 2}})
    assert open_split(spec, "test") is None


def test_a_corpus_that_is_no_dataset_has_no_splits(tmp_path: Path) -> None:
    for spec in (str(tmp_path / "docs.jsonl"), "hf:some/thing", "memory", ""):
        assert all(open_split(spec, split) is None for split in ("train", "dev", "test"))


def test_python_docs_ship_a_test_split() -> None:
    test = open_split("python-docs", "test")
    assert test is not None
    assert len(test[0]) == len(test[1]) >= 50
    assert open_split("python-docs", "train") is None


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[None]:
    """Datasets of local files in the catalogue of ir_datasets, each with one query of a grade of its own."""
    grades = {
        "beir/inpars-all": 0,
        "beir/inpars-all/train": 2,
        "beir/inpars-all/dev": 3,
        "beir/inpars-all/test": 4,
        "beir/inpars-whole": 5,
        "inpars-other": 7,
        "inpars-other/validation": 6,
    }
    for number, (name, grade) in enumerate(grades.items()):
        queries, qrels = tmp_path / f"{number}.tsv", tmp_path / f"{number}.qrels"
        queries.write_text(f"q\t{name}\n")
        qrels.write_text(f"q 0 d {grade}\n")
        parts = [TsvQueries(LocalDownload(queries)), TrecQrels(LocalDownload(qrels), {})]
        ir_datasets.registry.register(name, ir_datasets.Dataset(*(parts if grade else [])))
    yield
    for name in grades:
        del ir_datasets.registry._registered[name]


@pytest.mark.parametrize(
    ("spec", "split", "grade"),
    [
        ("ir_datasets:beir/inpars-all", "train", 2),
        ("ir_datasets:beir/inpars-all", "dev", 3),
        ("ir_datasets:beir/inpars-all/test", "train", 2),
        ("inpars-all", "test", 4),
        ("ir_datasets:beir/inpars-whole", "test", 5),
        ("ir_datasets:beir/inpars-whole", "train", None),
        ("ir_datasets:inpars-other", "dev", 6),
        ("ir_datasets:inpars-other", "test", 7),
    ],
)
@pytest.mark.usefixtures("catalogue")
def test_a_dataset_of_the_catalogue_is_split_by_name(spec: str, split: str, grade: int | None) -> None:
    opened = open_split(spec, split)
    assert (opened[1]["q"]["d"] if opened else None) == grade

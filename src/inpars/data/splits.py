"""The judged parts of a dataset (train, dev, test), found by the name of its corpus."""

from __future__ import annotations

from pathlib import Path

from inpars.data.columns import split_columns
from inpars.data.corpora.ir_datasets import is_known, qrels_of, queries_of
from inpars.data.files import COMPRESSIONS
from inpars.data.qrels import Qrels, read_qrels
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.data.test_sets import open_test_set

SPLITS = ("train", "dev", "test")
_NAMES = {"train": ("train",), "dev": ("dev", "validation"), "test": ("test",)}


def open_split(corpus: str, split: str) -> tuple[list[Query], Qrels] | None:
    """The queries and judgments of the `split` of the dataset that `corpus` belongs to, or None.

    `corpus` is a spec or the name of an open corpus: a BEIR folder or the `corpus.jsonl` in it, with
    `queries.jsonl` and `qrels/<split>.tsv`; `ir_datasets:ID`, with `ID/<split>`; `python-docs`, whose
    shipped set is its test split. Queries of other splits may be among the queries.
    """
    if corpus == "python-docs":
        shipped = open_test_set(corpus, None, None) if split == "test" else None
        return (shipped.queries, shipped.qrels) if shipped else None
    folder = Path(split_columns(corpus)[0])
    if folder.is_file() and folder.name.startswith("corpus.jsonl"):
        folder = folder.parent
    if folder.is_dir():
        return _of_folder(folder, split)
    dataset = corpus.removeprefix("ir_datasets:")
    for candidate in (dataset, f"beir/{dataset}"):
        if is_known(candidate):
            return _of_catalogue(candidate, split)
    return None


def _of_folder(folder: Path, split: str) -> tuple[list[Query], Qrels] | None:
    for name in _NAMES[split]:
        for suffix in ("", *COMPRESSIONS):
            qrels = folder / "qrels" / f"{name}.tsv{suffix}"
            for queries in (folder / f"queries.jsonl{other}" for other in ("", *COMPRESSIONS)):
                if qrels.is_file() and queries.is_file():
                    return read_queries(queries), read_qrels(qrels)
    return None


def _of_catalogue(dataset: str, split: str) -> tuple[list[Query], Qrels] | None:
    base, slash, last = dataset.rpartition("/")
    if slash and any(last in names for names in _NAMES.values()):
        dataset = base
    parts = [f"{dataset}/{name}" for name in _NAMES[split] if is_known(f"{dataset}/{name}")]
    # A dataset that is not divided is judged for testing.
    if not parts and split == "test":
        parts = [dataset]
    for part in parts:
        queries, qrels = queries_of(part), qrels_of(part)
        if queries and qrels:
            return queries, qrels
    return None

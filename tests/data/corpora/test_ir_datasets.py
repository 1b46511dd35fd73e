from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets
import pytest
from ir_datasets.formats import JsonlDocs, TrecQrels, TsvQueries
from ir_datasets.util import LocalDownload

from inpars.data.corpora import open_corpus
from inpars.data.records import Document, Query
from inpars.data.test_sets import open_test_set
from inpars.errors import InparsError, InputError, OptionError


class Article(NamedTuple):
    doc_id: str
    title: str | None
    text: str

    def default_text(self) -> str:
        return f"{self.title} {self.text}"


class Note(NamedTuple):
    doc_id: str
    head: str
    body: str

    def default_text(self) -> str:
        return f"{self.head} {self.body}"


ARTICLES = [{"doc_id": f"{n:03d}", "title": None if n % 2 else f"Title {n}", "text": f"text {n}"} for n in range(30)]
DOCUMENTS = [Document(row["doc_id"], row["text"], row["title"] or "") for row in ARTICLES]

Register = Callable[..., str]


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    """Put a dataset of files in the test's folder into the registry of ir_datasets, until the test is over."""
    names: list[str] = []

    def local(name: str, content: str) -> LocalDownload:
        (tmp_path / name).write_text(content)
        return LocalDownload(tmp_path / name)

    def add(name: str, rows: list[dict[str, Any]], kind: type = Article, queries: str = "", qrels: str = "") -> str:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        parts = [
            JsonlDocs(local(f"{len(names)}.jsonl", lines), doc_cls=kind) if rows else None,
            TsvQueries(local(f"{len(names)}.queries.tsv", queries)) if queries else None,
            TrecQrels(local(f"{len(names)}.qrels", qrels), {}) if qrels else None,
        ]
        ir_datasets.registry.register(name, ir_datasets.Dataset(*parts))
        names.append(name)
        return name

    yield add
    for name in names:
        del ir_datasets.registry._registered[name]


def test_documents_stream_and_missing_titles_are_empty(register: Register) -> None:
    corpus = open_corpus(f"ir_datasets:{register('inpars-test', ARTICLES)}")
    assert list(corpus) == DOCUMENTS
    assert len(corpus) == 30


def test_documents_are_looked_up_by_id(register: Register) -> None:
    corpus = open_corpus(f"ir_datasets:{register('inpars-test', ARTICLES)}")
    assert corpus["007"] == DOCUMENTS[7]
    assert "7" not in corpus
    with pytest.raises(KeyError):
        corpus["7"]


def test_a_sample_is_distinct_and_fixed_by_its_seed(register: Register) -> None:
    spec = f"ir_datasets:{register('inpars-test', ARTICLES)}"
    sample = open_corpus(spec).sample(10, seed=1)
    assert sample == open_corpus(spec).sample(10, seed=1)
    assert sample != open_corpus(spec).sample(10, seed=2)
    assert len(set(sample)) == 10
    assert set(sample) <= set(DOCUMENTS)


def test_a_dataset_with_fields_of_its_own_is_read_as_the_library_would_search_it(register: Register) -> None:
    name = register("inpars-test", [{"doc_id": "n1", "head": "Lift", "body": "is up"}], Note)
    assert list(open_corpus(f"ir_datasets:{name}")) == [Document("n1", "Lift is up")]


def test_an_id_that_occurs_twice_is_refused(register: Register) -> None:
    name = register("inpars-test", [ARTICLES[0], ARTICLES[1], ARTICLES[0]])
    with pytest.raises(InputError, match="line 3: expected every document id once; found id '000', which line 1"):
        len(open_corpus(f"ir_datasets:{name}"))


def test_a_bare_name_is_tried_as_one_of_beir(register: Register) -> None:
    register("beir/inpars-test", ARTICLES, queries="q1\twhat is lift\n", qrels="q1 0 007 1\n")
    for spec in ("inpars-test", "ir_datasets:inpars-test", "ir_datasets:beir/inpars-test"):
        assert list(open_corpus(spec)) == DOCUMENTS
        test_set = open_test_set(spec, None, None)
        assert test_set is not None
        assert test_set.queries == [Query("q1", "what is lift")]
        assert test_set.qrels == {"q1": {"007": 1}}


def test_where_only_the_test_part_has_judgments_it_is_the_test_set(register: Register) -> None:
    register("beir/inpars-test", ARTICLES, queries="q1\tone\nq2\ttwo\n")
    register("beir/inpars-test/test", ARTICLES, queries="q2\ttwo\n", qrels="q2 0 003 1\n")
    test_set = open_test_set("ir_datasets:beir/inpars-test", None, None)
    assert test_set is not None
    assert test_set.queries == [Query("q2", "two")]


def test_a_dataset_without_judgments_has_no_test_set(register: Register) -> None:
    register("inpars-test", ARTICLES, queries="q1\tone\n")
    assert open_test_set("ir_datasets:inpars-test", None, None) is None


def test_a_dataset_without_documents_is_refused(register: Register) -> None:
    register("inpars-test", [], queries="q1\tone\n")
    with pytest.raises(InparsError, match="ir_datasets dataset 'inpars-test' has no documents"):
        open_corpus("ir_datasets:inpars-test")


def test_an_unknown_dataset_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(OptionError, match="unknown ir_datasets dataset 'beir/scifakt'") as raised:
        open_corpus("ir_datasets:beir/scifakt")
    assert "did you mean 'beir/scifact'" in raised.value.hint
    assert len(raised.value.hint) < 200

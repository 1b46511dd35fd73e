"""What --dataset and --dataset_source name."""

from __future__ import annotations

import importlib.util
import json
import shutil

import pytest

from inpars.data.beir import parts_of
from inpars.data.test_sets import TestSet
from inpars.drop_in.toolkit import datasets
from inpars.drop_in.toolkit.datasets import is_local, open_documents, open_tests
from inpars.drop_in.toolkit.pyserini import PrebuiltIndex, index_name
from inpars.errors import InparsError
from inpars.pipeline import reproduce
from inpars.pipeline.published import Experiment, published


def test_a_beir_folder_brings_documents_queries_and_judgments(toy_corpus):
    assert len(open_documents(str(toy_corpus))) == 60
    tests = open_tests(str(toy_corpus))
    assert (len(tests.queries), len(tests.qrels)) == (10, 10)


def test_a_source_is_for_names_and_plays_no_part_for_a_folder(toy_corpus):
    assert len(open_documents(str(toy_corpus), "pyserini")) == 60
    assert len(open_tests(str(toy_corpus), "pyserini").queries) == 10


def test_a_name_is_beirs_before_it_is_any_other_of_the_catalogue():
    pytest.importorskip("ir_datasets")
    # The catalogue has another nfcorpus, with other ids.
    assert open_documents("nfcorpus").name == "ir_datasets:beir/nfcorpus"
    assert open_documents("cqadupstack/android").name == "ir_datasets:beir/cqadupstack/android"
    assert open_documents("vaswani").name == "ir_datasets:vaswani"


@pytest.mark.parametrize("dataset", ["./my-documents", "../my-documents", "/my/documents", "my-documents/"])
def test_a_folder_that_is_not_there_is_looked_for_in_no_catalogue(dataset):
    with pytest.raises(InparsError, match="no such file or folder"):
        open_documents(dataset, "pyserini")


PUBLIC = [name for name, dataset in published().datasets.items() if dataset.corpus]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_dataset_is_measured_on_the_judgments_that_reproduce_takes(name, monkeypatch):
    pytest.importorskip("ir_datasets")

    def opened(spec, *files):
        asked.append(spec)
        return TestSet([], {}, spec)

    for module in (datasets, reproduce):
        monkeypatch.setattr(module, "open_test_set", opened)
    for part in parts_of(name) or ("",):
        asked: list[str] = []
        reproduce.open_part(Experiment("inpars-v2", name), part, None, None, None)
        open_tests(f"{name}/{part}" if part else name)
        open_tests(f"beir/{name}/{part}" if part else f"beir/{name}")
        assert len(asked) == 3
        assert len(set(asked)) == 1, asked


def test_a_folder_of_a_datasets_name_brings_its_own_judgments(toy_corpus, tmp_path, monkeypatch):
    shutil.copytree(toy_corpus, tmp_path / "webis-touche2020")
    monkeypatch.chdir(tmp_path)
    assert len(open_tests("webis-touche2020").queries) == 10


def test_a_name_that_there_is_not_is_an_error_with_the_nearest():
    pytest.importorskip("ir_datasets")
    with pytest.raises(InparsError, match=r"unknown ir_datasets dataset 'beir/trec-covit'[\s\S]*did you mean"):
        open_documents("beir/trec-covit")


def test_a_missing_file_is_said_to_be_missing():
    assert is_local("nowhere/corpus.jsonl")
    with pytest.raises(InparsError, match="expected a readable file"):
        next(iter(open_documents("nowhere/corpus.jsonl")))


def test_a_corpus_file_has_no_test_queries(write_jsonl):
    with pytest.raises(InparsError, match="brings no test queries"):
        open_tests(str(write_jsonl([{"doc_id": "1", "text": "x"}])))


@pytest.mark.skipif(importlib.util.find_spec("pyserini") is not None, reason="Pyserini is installed here")
@pytest.mark.parametrize("open_something", [open_documents, open_tests])
def test_without_pyserini_it_is_said_what_to_install(open_something):
    with pytest.raises(InparsError, match="pip install pyserini, with a Java 21"):
        open_something("trec-covid", "pyserini")


class Stored:
    """What a Lucene searcher gives back of a document."""

    def __init__(self, row):
        self.row = row

    def docid(self):
        return self.row["_id"]

    def raw(self):
        return json.dumps(self.row)


class Searcher:
    """Stands for Pyserini's searcher, which takes a Java machine and an index from the network."""

    def __init__(self, rows):
        self.rows = rows
        self.num_docs = len(rows)

    def doc(self, key):
        if isinstance(key, int):
            return Stored(self.rows[key])
        return next((Stored(row) for row in self.rows if row["_id"] == key), None)


def test_a_prebuilt_index_is_a_corpus(toy_rows):
    corpus = PrebuiltIndex("toy", Searcher(toy_rows))
    assert [document.doc_id for document in corpus] == [row["_id"] for row in toy_rows]
    assert corpus["d07"].contents == f"{toy_rows[7]['title']} {toy_rows[7]['text']}"
    assert "d99" not in corpus
    assert len({document.doc_id for document in corpus.sample(10, 1)}) == 10
    assert corpus.name == "pyserini:toy"


def test_indexes_are_named_as_pyserini_names_them():
    assert index_name("trec-covid") == "beir-v1.0.0-trec-covid.flat"
    assert index_name("cqadupstack/android") == "beir-v1.0.0-cqadupstack-android.flat"

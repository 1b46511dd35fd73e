"""An index that is kept in a folder and used again."""

import pytest

from inpars.data.artifacts import facts_of, sidecar
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_queries
from inpars.data.records import Document
from inpars.retrieve import bm25 as module
from inpars.retrieve import open_retriever, postings
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.options import RetrievalOptions

FILES = [
    "bm25.documents.npy",
    "bm25.ids.json",
    "bm25.norm.npy",
    "bm25.offsets.npy",
    "bm25.ranks.npy",
    "bm25.scores.npy",
]
FILES += ["bm25.scores.npy.meta.json", "bm25.terms.json"]


@pytest.fixture
def builds(monkeypatch):
    """The number of documents of each index that is built into files."""
    counts, save = [], postings.save

    def counted(*given, **named):
        counts.append(save(*given, **named))
        return counts[-1]

    monkeypatch.setattr(postings, "save", counted)
    return counts


def corpus(*texts):
    return MemoryCorpus([Document(f"d{number}", "", text) for number, text in enumerate(texts)])


def test_the_index_in_a_folder_finds_what_the_one_in_memory_does(toy_corpus, tmp_path, builds):
    queries = read_queries(toy_corpus / "queries.jsonl")
    expected = BM25.of(open_corpus(toy_corpus)).search_all(queries, 10)
    for _ in range(3):
        index = BM25.of(open_corpus(toy_corpus), folder=tmp_path)
        assert index.search_all(queries, 10) == expected
        assert index.doc_ids == [document.doc_id for document in open_corpus(toy_corpus)]
    assert builds == [60], "made once, used three times"
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert facts_of(tmp_path / "bm25.scores.npy")["documents"] == 60


def test_documents_are_not_read_where_the_index_is_there(tmp_path):
    BM25.of(corpus("wing", "cone"), folder=tmp_path)
    same = corpus("wing", "cone")
    same._rows = lambda: pytest.fail("documents were read")
    assert list(BM25.of(same, folder=tmp_path).search("cone", 1)) == ["d1"]


@pytest.mark.parametrize(
    ("change", "texts"), [({"k1": 1.2}, 2), ({"b": 0.5}, 2), ({"language": "de"}, 2), ({}, 3), ({}, 1)]
)
def test_another_corpus_parameter_or_language_replaces_it(tmp_path, builds, change, texts):
    BM25.of(corpus("wing", "cone drag"), folder=tmp_path)
    given = corpus(*["wing", "cone drag", "lift"][:texts])
    changed = BM25.of(given, folder=tmp_path, **change)
    assert len(builds) == 2
    assert changed.search("wing lift", 9) == BM25.of(given, **change).search("wing lift", 9)


@pytest.mark.parametrize("library", ["bm25s", "PyStemmer"])
def test_another_version_of_what_makes_the_words_replaces_it(tmp_path, builds, monkeypatch, library):
    BM25.of(corpus("wing"), folder=tmp_path)
    versions_of = module.versions_of
    monkeypatch.setattr(module, "versions_of", lambda names: versions_of(names) | {library: "0.0"})
    BM25.of(corpus("wing"), folder=tmp_path)
    assert len(builds) == 2


@pytest.mark.parametrize("name", [name for name in FILES if "scores.npy" not in name])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_damaged_index_is_made_anew(tmp_path, builds, name, how):
    BM25.of(corpus("wing lift", "cone drag wing"), folder=tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-5])
    if how == "gone":
        path.unlink()
    assert list(BM25.of(corpus("wing lift", "cone drag wing"), folder=tmp_path).search("cone", 9)) == ["d1"]
    assert len(builds) == 2


def test_an_index_without_its_sidecar_is_not_trusted(tmp_path, builds):
    BM25.of(corpus("wing"), folder=tmp_path)
    sidecar(tmp_path / "bm25.scores.npy").unlink()
    (tmp_path / ".bm25.documents.npy.1.tmp").write_text("what a kill left")
    BM25.of(corpus("wing"), folder=tmp_path)
    assert len(builds) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_an_open_index_outlives_its_replacement(tmp_path):
    index = BM25.of(corpus("wing", "cone"), folder=tmp_path)
    other = BM25.of(corpus("lift", "heat", "wing"), folder=tmp_path)
    assert list(index.search("wing", 9)) == ["d0"]
    assert list(other.search("wing", 9)) == ["d2"]


@pytest.mark.parametrize(("option", "used"), [(None, "beside"), ("chosen", "chosen")])
def test_open_retriever_keeps_it_where_the_option_says_else_where_the_caller_does(tmp_path, option, used):
    options = RetrievalOptions(index=tmp_path / option if option else None)
    open_retriever(corpus("wing"), options, tmp_path / "beside")
    assert [path.name for path in tmp_path.iterdir()] == [used]


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_retriever(corpus("wing"), RetrievalOptions())
    assert not list(tmp_path.iterdir())

"""FAISS as a way to search a matrix."""

import sys

import numpy as np
import pytest

from inpars.data.artifacts import sidecar
from inpars.data.corpora import open_corpus
from inpars.data.queries import read_queries
from inpars.errors import MissingDependency
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve.dense import Dense

EXACT = ScoringOptions(precision="fp32", device="cpu")


@pytest.mark.parametrize("neighbours", ["faiss-flat", "faiss-hnsw"])
def test_without_the_library_the_line_that_installs_it_is_given(
    toy_corpus, tiny_bi_encoder, tmp_path, monkeypatch, neighbours
):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingDependency, match=r'pip install "inpars\[faiss\]"'):
        Dense.of(open_corpus(toy_corpus), tiny_bi_encoder, tmp_path / "index", neighbours=neighbours)
    assert not (tmp_path / "index").exists(), "said before hours of encoding, not after"


@pytest.mark.parametrize("neighbours", ["faiss-flat", "faiss-hnsw"])
def test_a_small_corpus_is_searched_like_the_exact_search_does(toy_corpus, tiny_bi_encoder, tmp_path, neighbours):
    pytest.importorskip("faiss")
    corpus, queries = open_corpus(toy_corpus), read_queries(toy_corpus / "queries.jsonl")
    exact = Dense.of(corpus, tiny_bi_encoder, tmp_path, scoring=EXACT)
    other = Dense.of(corpus, tiny_bi_encoder, tmp_path, neighbours=neighbours, scoring=EXACT)
    assert other.search_all(queries, 10) == exact.search_all(queries, 10)
    assert len(other.search("wing", 1000)) == 60


def test_a_graph_is_built_once_for_a_matrix(tmp_path):
    pytest.importorskip("faiss")
    from inpars.retrieve.faiss_index import Hnsw

    rng = np.random.default_rng(0)
    matrix, other = rng.standard_normal((2, 500, 8)).astype(np.float32)
    queries = rng.standard_normal((20, 8)).astype(np.float32)

    def recall(graph, rows):
        exact = [set(np.argsort(-(rows @ query))[:5].tolist()) for query in queries]
        found = [set(places.tolist()) for places in graph.nearest(queries, 5)]
        return sum(len(a & b) for a, b in zip(exact, found, strict=True)) / 100

    assert recall(Hnsw(matrix, tmp_path, "one"), matrix) > 0.95
    stamp = sidecar(tmp_path / "hnsw.faiss").stat().st_mtime_ns
    assert recall(Hnsw(matrix, tmp_path, "one"), matrix) > 0.95
    assert sidecar(tmp_path / "hnsw.faiss").stat().st_mtime_ns == stamp
    assert recall(Hnsw(other, tmp_path, "two"), other) > 0.95

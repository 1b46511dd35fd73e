"""The largest dot products through FAISS, exact or approximate (extra `faiss`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from inpars.data.artifacts import Artifact
from inpars.data.files import atomic_write
from inpars.data.lock import locks_released
from inpars.errors import MissingDependency
from inpars.options import Options
from inpars.progress import say

_ROWS_AT_ONCE = 8192


class HnswOptions(Options):
    """The graph of Malkov and Yashunin (arXiv 1603.09320): links a node, and candidates while it is built."""

    links: int = 32
    construction: int = 200


class Flat:
    """Every row compared with every query, in memory: `IndexFlatIP`."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.index = require_faiss().IndexFlatIP(matrix.shape[1])
        _fill(self.index, matrix)

    def nearest(self, queries: np.ndarray, k: int) -> list[np.ndarray]:
        """For each query, shape (queries, dimension), the places of its `k` best rows."""
        return _search(self.index, queries, k)


class Hnsw:
    """A graph of neighbours, built once and kept beside the matrix. It may miss a few of the best."""

    @locks_released()
    def __init__(self, matrix: np.ndarray, folder: Path, fingerprint: str) -> None:
        """`fingerprint` says which matrix the graph in `folder` belongs to; that of another is replaced."""
        faiss, options = require_faiss(), HnswOptions()
        artifact = Artifact(folder / "hnsw.faiss", "graph", options, {"embeddings": fingerprint})
        if artifact.is_current():
            self.index = faiss.read_index(str(artifact.output))
            return
        artifact.begin()
        self.index = faiss.IndexHNSWFlat(matrix.shape[1], options.links, faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = options.construction
        _fill(self.index, matrix)
        with atomic_write(artifact.output) as stream:
            stream.write(faiss.serialize_index(self.index).data)
        artifact.finish(rows=len(matrix))
        say(f"graph: {len(matrix):,} documents -> {artifact.output}")

    def nearest(self, queries: np.ndarray, k: int) -> list[np.ndarray]:
        """For each query, shape (queries, dimension), the places of nearly always its `k` best rows."""
        self.index.hnsw.efSearch = max(2 * k, 128)
        return _search(self.index, queries, k)


def require_faiss() -> Any:
    """The library; `MissingDependency` where it is not installed."""
    try:
        import faiss
    except ImportError:
        raise MissingDependency("faiss-cpu", "faiss", "this kind of neighbour search") from None
    return faiss


def _fill(index: Any, matrix: np.ndarray) -> None:
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        index.add(np.ascontiguousarray(matrix[start : start + _ROWS_AT_ONCE], dtype=np.float32))


def _search(index: Any, queries: np.ndarray, k: int) -> list[np.ndarray]:
    _, places = index.search(np.ascontiguousarray(queries, dtype=np.float32), min(k, index.ntotal))
    return [row[row >= 0] for row in places]

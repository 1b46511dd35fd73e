"""Exact search for the largest dot products, block by block, over a matrix of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GATHERED = 1024
_UNIT_ROUNDOFF = 2.0**-24


class Exact:
    """Compares every query with every row of `matrix`, `rows_at_once` rows at a time.

    A product in single precision depends, in its last digits, on how rows and queries are cut into
    blocks. So blocks only sort out the rows that cannot be among the best, with a margin for that
    error, and `best` decides among the rest: the blocks' size does not show in the results.
    """

    def __init__(self, matrix: np.ndarray, doc_ids: Sequence[str], rows_at_once: int = 8192) -> None:
        self.matrix, self.doc_ids, self.rows_at_once = matrix, doc_ids, rows_at_once

    def nearest(self, queries: np.ndarray, k: int) -> list[np.ndarray]:
        """For each query, shape (queries, dimension), the places of rows that hold its `k` best, and a few more."""
        pools = [_Pool(self, query, k) for query in queries]
        lengths = np.linalg.norm(queries, axis=1)
        longest = 0.0
        for start in range(0, len(self.matrix), self.rows_at_once):
            block = np.asarray(self.matrix[start : start + self.rows_at_once], dtype=np.float32)
            longest = max(longest, float(np.sqrt(np.einsum("ij,ij->i", block, block).max())))
            # Twice the bound on the error of a dot product, once for either side of a comparison.
            margins = 4 * block.shape[1] * _UNIT_ROUNDOFF * longest * lengths
            products = queries @ block.T
            for pool, row, margin in zip(pools, products, margins.tolist(), strict=True):
                pool.add(start, row, margin)
        return [pool.places for pool in pools]


class _Pool:
    """The rows that may still be among one query's best."""

    def __init__(self, search: Exact, query: np.ndarray, k: int) -> None:
        self.search, self.query, self.k = search, query, k
        self.places, self.scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        self.floor = -np.inf

    def add(self, start: int, products: np.ndarray, margin: float) -> None:
        new = np.flatnonzero(products >= self.floor - margin)
        if not len(new):
            return
        self.places = np.concatenate([self.places, new + start])
        self.scores = np.concatenate([self.scores, products[new]])
        if len(self.places) <= self.k + 64:
            return
        self.floor = float(np.partition(self.scores, -self.k)[-self.k])
        kept = self.scores >= self.floor - margin
        self.places, self.scores = self.places[kept], self.scores[kept]
        if len(self.places) > 2 * self.k + 1024:
            # Very many rows that are as good as alike.
            self.places, self.scores = best(self.search.matrix, self.search.doc_ids, self.query, self.places, self.k)
            self.floor = float(self.scores[-1])


def best(
    matrix: np.ndarray, doc_ids: Sequence[str], query: np.ndarray, places: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The `k` best of the rows at `places` and their scores, best first, of equal ones the larger id.

    Products are summed in double precision, each row alike, so that equal rows have equal scores.
    """
    # In the order of the file, so that its pages are met once.
    places = np.sort(places)
    exact = query.astype(np.float64)
    scores = np.empty(len(places), dtype=np.float32)
    for start in range(0, len(places), _GATHERED):
        rows = np.asarray(matrix[places[start : start + _GATHERED]], dtype=np.float64)
        scores[start : start + _GATHERED] = (rows * exact).sum(axis=1)
    if len(places) > k:
        kept = scores >= np.partition(scores, -k)[-k]
        places, scores = places[kept], scores[kept]
    keys = [(score, doc_ids[place]) for score, place in zip(scores.tolist(), places.tolist(), strict=True)]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__, reverse=True)[:k], dtype=np.int64)
    return places[order], scores[order]

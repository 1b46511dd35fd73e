"""Hybrid retrieval: BM25's best documents and a bi-encoder's together, each scored by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from inpars.data.records import Query
from inpars.data.runs import Run, tie_free, top_k
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.dense import QUERIES_AT_ONCE, Dense
from inpars.retrieve.fusion import fuse


class Union(NamedTuple):
    """The documents that either retriever has among its best for a query, with the scores of each."""

    query_id: str
    bm25: dict[str, float]
    dense: dict[str, float]


class Hybrid:
    """BM25 and a bi-encoder over one corpus.

    Where the two are fused, BM25's scores are standardised query by query, the bi-encoder's by `Dense.spread`.

    What one of them finds far below its best counts too: every document of the union has the exact score of both.
    """

    def __init__(self, bm25: BM25, dense: Dense, weight: float) -> None:
        """`weight` is the bi-encoder's where the two are fused, from 0 to 1."""
        self.bm25, self.dense, self.weight = bm25, dense, weight

    @property
    def doc_ids(self) -> Sequence[str]:
        """The ids of all documents, in the order of the corpus."""
        return self.bm25.doc_ids

    def search(self, query: str, k: int) -> dict[str, float]:
        """The `k` best documents by the fusion of the two, best first, no two scores alike."""
        return next(self.search_each([Query("", query)], k))[1]

    def search_each(self, queries: Iterable[Query], k: int) -> Iterator[tuple[str, dict[str, float]]]:
        """`(query id, documents as search gives them)` for each query in turn."""
        for found in self.unions(queries, k):
            fused = fuse([found.bm25, found.dense], [1 - self.weight, self.weight], [None, self.dense.spread])
            yield found.query_id, dict(tie_free(top_k(fused, k)))

    def search_all(self, queries: Iterable[Query], k: int) -> Run:
        """`search_each` as a run."""
        return dict(self.search_each(queries, k))

    def unions(self, queries: Iterable[Query], k: int) -> Iterator[Union]:
        """For each query the union of BM25's and the bi-encoder's best `k` documents, some hundred queries at once.

        A document without any of the query's words has BM25's score 0.
        """
        stream = iter(queries)
        while block := list(islice(stream, QUERIES_AT_ONCE)):
            found = zip(block, self.bm25.search_each(block, k), self.dense.embedded_search(block, k), strict=True)
            for query, (_, words), (embedding, similar) in found:
                doc_ids = list(dict.fromkeys([*words, *similar]))
                beyond = [doc_id for doc_id in doc_ids if doc_id not in words]
                dissimilar = [doc_id for doc_id in doc_ids if doc_id not in similar]
                bm25 = words | self.bm25.scores_of(query.text, beyond)
                yield Union(query.query_id, bm25, similar | self.dense.similarities(embedding, dissimilar))

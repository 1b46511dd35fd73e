"""Drop queries that do not find their document again: the round trip.

Promptagator (Dai et al. 2022, arXiv 2209.11755) keeps a query where a retriever trained on all the
queries has its document first; InPars-light (Boytsov et al. 2023, arXiv 2301.02998) where a ranker has
it among the first three.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from inpars.data.copies import Copies
from inpars.data.corpora.texts import Texts
from inpars.data.records import Query, SyntheticQuery
from inpars.data.runs import ranked
from inpars.data.sources import source_of
from inpars.filter.method import Context, Dropped, Failed, Outcome
from inpars.filter.options import ConsistencyOptions
from inpars.models.scorers import Scorer, load_scorer
from inpars.retrieve import Retriever, open_retriever


def judge(queries: Sequence[SyntheticQuery], options: ConsistencyOptions, context: Context) -> list[Outcome]:
    """Search the corpus with each query; the reason to drop it, or None where its document is in the top k.

    A document with the same words counts as the one it copies. Sets `scores["consistency"]` to the
    reciprocal of the rank, 0 where the document is not among the first `depth`. Where a score of the
    reranker's is no number there is no rank, which is a failure. The corpus is searched as it is: a
    query that was cut out of its document finds the words still there, so for such queries the test
    is easier than for others.
    """
    for query in queries:
        source_of(query, context.corpus)

    @cache
    def search() -> _Search:
        # Not before there is something to ask: a rerun may know all the ranks.
        return _Search(queries, options, context)

    ranks = context.each(queries, lambda some: list(search().ranks(some)))
    return [_outcome(query, rank, options) for query, rank in zip(queries, ranks, strict=True)]


class _Search:
    """The retriever, the reranker if there is one, and which documents are copies of the sources."""

    def __init__(self, queries: Sequence[SyntheticQuery], options: ConsistencyOptions, context: Context) -> None:
        self.options, self.corpus = options, context.corpus
        self.copies = Copies(context.corpus, (query.doc_id for query in queries))
        folder = context.folder / "index"
        self.retriever: Retriever = open_retriever(context.corpus, options.retrieval(), folder, options.encoding())
        self.reranker: Scorer | None = load_scorer(options.reranker, options) if options.reranker else None

    def ranks(self, queries: Sequence[SyntheticQuery]) -> Iterator[int | Failed]:
        """The rank of each query's document, from 1; 0 where it is not found."""
        depth = max(self.options.depth, self.options.top_k)
        texts = {query.query_id: query.query for query in queries}
        found: Mapping[str, Mapping[str, float]] = self.retriever.search_all(
            (Query(query_id, text) for query_id, text in texts.items()), depth
        )
        if self.reranker is not None:
            candidates = {query_id: list(scores) for query_id, scores in found.items()}
            found = self.reranker.score(texts, Texts(self.corpus), candidates)
        for query in queries:
            if broken := [doc_id for doc_id, score in found[query.query_id].items() if not math.isfinite(score)]:
                yield Failed(f"the reranker's score of document {broken[0]!r} is {found[query.query_id][broken[0]]}")
                continue
            places = enumerate(ranked(found[query.query_id]), start=1)
            yield next((rank for rank, (doc_id, _) in places if self.copies.alike(query.doc_id, doc_id)), 0)


def _outcome(query: SyntheticQuery, rank: int | Failed, options: ConsistencyOptions) -> Outcome:
    if isinstance(rank, Failed):
        return rank
    query.score = query.scores["consistency"] = 1 / rank if rank else 0.0
    if 0 < rank <= options.top_k:
        return None
    # No model by its path: the same queries are dropped for the same reason wherever the model lies.
    by = "the reranker" if options.reranker else "bm25" if options.retriever == "bm25" else "the retriever"
    if rank:
        return Dropped(f"{by} has its document at rank {rank}, not among the first {options.top_k}")
    return Dropped(f"{by} does not have its document among the first {max(options.depth, options.top_k)}")

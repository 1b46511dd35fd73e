"""Held-out queries put through the real pipeline: the whole corpus, the run's own first stage and depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from inpars.data.corpora import Corpus
from inpars.data.corpora.replaced import Replaced
from inpars.data.corpora.texts import Texts
from inpars.data.held_out import HeldOut
from inpars.data.qrels import Qrels
from inpars.data.records import Query
from inpars.data.runs import Run
from inpars.progress import say
from inpars.rerank.config import SearchConfig
from inpars.retrieve import Retriever, open_retriever
from inpars.retrieve.options import spoken

if TYPE_CHECKING:
    from inpars.retrieve.hybrid import Hybrid

_CUT = "\x00"
"""Before the id of a source whose query was cut out of it: no document of a corpus is called so."""


class Found(NamedTuple):
    """How many of `queries` have their source among the first stage's best `depth` documents."""

    queries: int
    found: int
    depth: int

    def told(self, first_stage: str) -> str:
        """The same in a sentence."""
        hits = f"{self.found:,} of {self.queries:,} held-out queries"
        return f"{spoken(first_stage)} finds the source of {hits} in its best {self.depth:,}"


class HeldOutQueries:
    """A model's held-out queries over a corpus, each of which sees its source as it was when it was written.

    A query that was cut out of its document is asked of the corpus with all such texts cut out, so that
    neither the first stage nor a model can simply match its words; any other of the corpus as it is.
    Queries whose source the corpus lacks are left out.
    """

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        """`folder` is the `held_out/` of a trained model."""
        development = HeldOut.load(folder)
        self.corpus = corpus
        self.qrels: Qrels = {q: judged for q, judged in development.qrels.items() if all(d in corpus for d in judged)}
        self.queries = [query for query in development.queries if query.query_id in self.qrels]
        if lacking := len(development.queries) - len(self.queries):
            say(
                f"rerank: {lacking:,} of {len(development.queries):,} held-out queries are left out: "
                f"their documents are not in {corpus.name}"
            )
        sources = {doc_id for judged in self.qrels.values() for doc_id in judged}
        texts = {doc_id: development.documents[doc_id] for doc_id in sorted(sources)}
        self.cut = {doc_id: text for doc_id, text in texts.items() if text != corpus[doc_id].contents}

    def search(
        self, config: SearchConfig, index: Path, *, unions: bool = False
    ) -> Iterator[tuple[str, dict[str, float]]]:
        """`(query id, the first stage's best top_k documents)`, of the queries as they are first, then of the cut.

        With `unions` they are what `unions_of` gives. Indexes are kept in `config.index`, else in `index`, BM25's of
        the corpus with texts cut out in `cut` below it.
        """
        whole = [query for query in self.queries if not self._is_cut(query)]
        cut = [query for query in self.queries if self._is_cut(query)]
        if whole:
            yield from self._found(self.corpus, whole, config, index, unions)
        if cut:
            if config.first_stage != "dense":
                home = config.index or index
                update = {"index": home / "cut", "dense_index": config.dense_index or home}
                config = config.model_copy(update=update)
            yield from self._found(Replaced(self.corpus, self.cut), cut, config, index, unions)

    def _found(
        self, corpus: Corpus, queries: list[Query], config: SearchConfig, index: Path, unions: bool
    ) -> Iterator[tuple[str, dict[str, float]]]:
        retriever = open_retriever(corpus, config, index, config.scoring())
        if unions:
            return unions_of(retriever, queries, config.top_k)
        return retriever.search_each(queries, config.top_k)

    def found(self, run: Run, depth: int) -> Found:
        """How many queries have a source among their candidates in `run`."""
        hits = sum(not judged.keys().isdisjoint(run.get(q, ())) for q, judged in self.qrels.items())
        return Found(len(self.qrels), hits, depth)

    def candidates(self, run: Run) -> dict[str, dict[str, float]]:
        """The candidates of each query under the ids that `texts` knows them by."""
        cut = {query.query_id for query in self.queries if self._is_cut(query)}
        return {
            q: {_CUT + d if q in cut and d in self.cut else d: score for d, score in scores.items()}
            for q, scores in run.items()
        }

    def texts(self) -> Mapping[str, str]:
        """The text of every document, and of the cut ones under ids of their own."""
        return _Texts(self.corpus, self.cut)

    def _is_cut(self, query: Query) -> bool:
        return not self.cut.keys().isdisjoint(self.qrels[query.query_id])


def unions_of(retriever: Retriever, queries: list[Query], k: int) -> Iterator[tuple[str, dict[str, float]]]:
    """`(query id, BM25's scores of the best k documents of either retriever of a hybrid)` for each query."""
    return ((union.query_id, union.bm25) for union in cast("Hybrid", retriever).unions(queries, k))


def as_in_corpus(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores by the ids that `HeldOutQueries.candidates` gives, by those of the corpus."""
    return {doc_id.removeprefix(_CUT): score for doc_id, score in scores.items()}


class _Texts(Texts):
    """A corpus's texts, and those of cut documents."""

    def __init__(self, corpus: Corpus, cut: Mapping[str, str]) -> None:
        super().__init__(corpus)
        self._cut = cut

    def __getitem__(self, doc_id: str) -> str:
        return self._cut[doc_id[len(_CUT) :]] if doc_id.startswith(_CUT) else super().__getitem__(doc_id)

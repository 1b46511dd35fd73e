"""First-stage search: the retrievers that negatives, filters and reranking share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from inpars.data.corpora import Corpus
from inpars.data.corpora.replaced import Replaced
from inpars.data.languages import check_language
from inpars.data.records import Query
from inpars.data.runs import Run
from inpars.errors import faults_of, raise_faults, require_library
from inpars.models.checks import Check
from inpars.models.locate import locate
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve.options import RetrievalOptions


class Retriever(Protocol):
    """Search over one corpus."""

    @property
    def doc_ids(self) -> Sequence[str]:
        """The ids of all documents, in the order of the corpus."""
        ...

    def search(self, query: str, k: int) -> dict[str, float]:
        """The at most `k` best documents for a query's text, best first, no two scores alike."""
        ...

    def search_each(self, queries: Iterable[Query], k: int) -> Iterator[tuple[str, dict[str, float]]]:
        """`(query id, documents as search gives them)` for each query in turn."""
        ...

    def search_all(self, queries: Iterable[Query], k: int) -> Run:
        """`search_each` as a run."""
        ...


def check_retrieval(options: RetrievalOptions) -> None:
    """`InparsError` for what a search with these options lacks: an option, a library, a language's words.

    A retriever in a folder must be a bi-encoder; one on the hub is looked at when it is loaded.
    """
    options.check()
    if options.first_stage != "dense":
        check_language(options.language)
    if options.first_stage == "bm25":
        return
    from inpars.retrieve.dense import require_bi_encoder
    from inpars.retrieve.faiss_index import require_faiss

    checks: list[Check] = [
        partial(require_library, "sentence_transformers", "train", f"first_stage {options.first_stage}")
    ]
    if options.neighbours != "exact":
        checks.append(require_faiss)
    if Path(locate(str(options.retriever))).is_dir():
        checks.append(partial(require_bi_encoder, str(options.retriever)))
    raise_faults(faults_of(*checks))


def open_retriever(
    corpus: Corpus,
    options: RetrievalOptions,
    folder: str | Path | None = None,
    scoring: ScoringOptions | None = None,
) -> Retriever:
    """The retriever that `options.first_stage` names, over `corpus`.

    Its index is kept in the folder `options.index`, else in `folder`, for whoever searches the same
    corpus again; else BM25's is in memory and a dense one in a temporary folder. A dense one encodes as
    `scoring` says. `OptionError` where options do not go together.
    """
    check_retrieval(options)
    if options.first_stage == "bm25":
        from inpars.retrieve.bm25 import BM25

        options = options.for_corpus(corpus)
        return BM25.of(corpus, k1=options.k1, b=options.b, language=options.language, folder=options.index or folder)
    from inpars.retrieve.dense import Dense

    if options.first_stage == "hybrid":
        from inpars.retrieve.bm25 import BM25
        from inpars.retrieve.hybrid import Hybrid

        bm25 = open_retriever(corpus, options.of_bm25(), folder)
        dense = open_retriever(corpus, options.of_dense(), folder, scoring)
        return Hybrid(cast(BM25, bm25), cast(Dense, dense), options.hybrid_weight)
    if isinstance(corpus, Replaced):
        # Embeddings do not depend on each other: only the other texts' are made anew.
        return cast(Dense, open_retriever(corpus.corpus, options, folder, scoring)).with_texts(corpus.texts)
    return Dense.of(
        corpus,
        str(options.retriever),
        options.index or folder,
        neighbours=options.neighbours,
        vectors=options.vectors,
        scoring=scoring,
    )

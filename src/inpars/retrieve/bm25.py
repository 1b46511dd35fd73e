"""BM25 over any corpus: an index in memory or, memory-mapped, in a folder."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from inpars.data.artifacts import Artifact
from inpars.data.corpora import Corpus
from inpars.data.lock import locks_released, take_lock
from inpars.data.lock_file import OutputInUse
from inpars.data.records import Query
from inpars.data.runs import Run
from inpars.errors import InparsError, MissingDependency, OptionError
from inpars.options import Options
from inpars.progress import say
from inpars.retrieve import postings, ranking
from inpars.retrieve.analysis import VERSION, analyzer
from inpars.retrieve.postings import Postings
from inpars.versions import versions_of

Backend = Literal["auto", "numpy", "numba"]

QUERIES_AT_ONCE = 256
"""Queries in one batch; fewer where so many documents are wanted that their keys would fill the memory."""

_KEYS_AT_ONCE = 1 << 22

NUMBA_PAYS = 200_000_000
"""Scores summed and documents looked at by numpy in about the time that numba takes to load its kernel."""


class IndexOptions(Options):
    """What an index depends on, apart from the corpus."""

    k1: float
    b: float
    language: str


class BM25:
    """Lucene's BM25 with Anserini's parameters, k1=0.9 and b=0.4, by default.

    `backend` "auto" begins with numpy and goes over to numba, where that is installed, once there
    has been enough to do; what is found is the same to the last bit.
    """

    def __init__(
        self,
        documents: Iterable[tuple[str, str]],
        *,
        k1: float = 0.9,
        b: float = 0.4,
        language: str = "en",
        backend: Backend = "auto",
    ) -> None:
        """Index `(document id, searchable text)` pairs in memory.

        `InparsError` where no text has a word, `MissingDependency` for a numba that is not there.
        """
        _require(backend)
        self._open(postings.build(documents, language, k1=k1, b=b), language, backend)

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        *,
        k1: float = 0.9,
        b: float = 0.4,
        language: str = "en",
        folder: str | Path | None = None,
        backend: Backend = "auto",
    ) -> BM25:
        """Index `title + " " + text` of every document of a corpus.

        With a `folder` the index is written there and memory-mapped, or used again where one of the same
        corpus, parameters, language and versions lies there already.
        """
        contents = ((document.doc_id, document.contents) for document in corpus)
        if folder is None:
            return cls(contents, k1=k1, b=b, language=language, backend=backend)
        _require(backend)
        words = {
            **versions_of(("bm25s", "PyStemmer")),
            "unicode": unicodedata.unidata_version,
            "analysis": str(VERSION),
        }
        artifact = Artifact(
            Path(folder) / postings.SCORES,
            "index",
            IndexOptions(k1=k1, b=b, language=language),
            {"corpus": corpus.fingerprint(), **words},
        )
        index = cls.__new__(cls)
        index._open(_kept(artifact) or _made(artifact, contents, k1, b, language), language, backend)
        return index

    def _open(self, index: Postings, language: str, backend: Backend) -> None:
        self.doc_ids = index.doc_ids
        self._analyze, self._index, self._backend = analyzer(language), index, backend
        self._work = 0
        # Ids in sorted order, as an array, from which many are taken at once.
        self._sorted_ids = np.empty(len(index.doc_ids), dtype=object)
        self._sorted_ids[index.ranks] = index.doc_ids

    def search(self, query: str, k: int) -> dict[str, float]:
        """The at most `k` best documents that share a word with `query`, best first, no two scores alike."""
        return next(self._found([self.terms(query)], k))

    def search_each(self, queries: Iterable[Query], k: int) -> Iterator[tuple[str, dict[str, float]]]:
        """`(query id, documents as search gives them)` for each query in turn, some hundred searched at once."""
        stream = iter(queries)
        at_once = max(1, min(QUERIES_AT_ONCE, _KEYS_AT_ONCE // max(1, min(k, len(self.doc_ids)))))
        while block := list(islice(stream, at_once)):
            found = self._found([self.terms(query.text) for query in block], k)
            yield from zip((query.query_id for query in block), found, strict=True)

    def search_all(self, queries: Iterable[Query], k: int) -> Run:
        """`search_each` as a run."""
        return dict(self.search_each(queries, k))

    def scores(self, query: str) -> np.ndarray:
        """The score of every document, float32, in the order of `doc_ids`."""
        return ranking.sums(self._index, self.terms(query))

    def scores_of(self, query: str, doc_ids: Sequence[str]) -> dict[str, float]:
        """The scores of some documents, 0 for those without a word of the query."""
        if not doc_ids:
            return {}
        scores = self.scores(query)
        return {doc_id: float(scores[self.places[doc_id]]) for doc_id in doc_ids}

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each document stands in `doc_ids` and `scores`."""
        return {doc_id: place for place, doc_id in enumerate(self.doc_ids)}

    def score_of(self, query: str, text: str) -> float:
        """The score that `text`, which need be no document, has by the weights of the documents' words."""
        words = self._analyze(text)
        held = Counter(words)
        base, each = self._index.norm.tolist()
        norm = base + each * len(words)
        known = self._index.vocabulary
        asked = [term for term in self._analyze(query) if term in known and held[term]]
        return math.fsum(self._index.idf(known[term]) * held[term] / (norm + held[term]) for term in asked)

    def terms(self, query: str) -> np.ndarray:
        """The numbers of the query's terms that the documents have, int64, as often and in the order they stand."""
        known = self._index.vocabulary
        return np.array([known[term] for term in self._analyze(query) if term in known], dtype=np.int64)

    def best(self, queries: Sequence[np.ndarray], k: int) -> ranking.Best:
        """The best documents of many queries, given as `terms`; `ranks` are places among the sorted `doc_ids`."""
        return ranking.best(self._index, queries, k, self._select(queries))

    def _found(self, queries: Sequence[np.ndarray], k: int) -> Iterator[dict[str, float]]:
        best = self.best(queries, k)
        for ranks, scores, found in zip(best.ranks, best.scores, best.found.tolist(), strict=True):
            doc_ids = self._sorted_ids[ranks[:found]]
            yield dict(zip(doc_ids.tolist(), scores[:found].tolist(), strict=True))

    def _select(self, queries: Sequence[np.ndarray]) -> ranking.Select:
        if self._backend == "auto":
            # Loading costs once; as soon as going on without has cost as much, it is worth it.
            offsets, terms = self._index.offsets, np.concatenate(queries)
            self._work += len(queries) * len(self.doc_ids) + int((offsets[terms + 1] - offsets[terms]).sum())
            if self._work > NUMBA_PAYS:
                self._backend = "numpy" if ranking.compiled() is None else "numba"
        return ranking.with_numba if self._backend == "numba" else ranking.with_numpy


def _require(backend: Backend) -> None:
    if backend == "numba" and ranking.compiled() is None:
        raise MissingDependency("numba", "numba", "BM25 with the backend numba")


def _kept(artifact: Artifact) -> Postings | None:
    """The index that lies there, where it is the right one and whole."""
    try:
        index = postings.load(artifact.output.parent) if artifact.is_current(silent=True) else None
        # Another process may have begun one of its own while the files were opened one by one.
        return index if artifact.is_finished() else None
    except (OutputInUse, OptionError):
        raise
    except (OSError, ValueError, InparsError):
        say(f"index: {artifact.output.parent} holds a damaged index; indexing anew")
        return None


@locks_released()
def _made(artifact: Artifact, contents: Iterable[tuple[str, str]], k1: float, b: float, language: str) -> Postings:
    analyzer(language)
    artifact.begin()
    # Until all its files are open nobody may put another index in its place.
    take_lock(artifact.lock, artifact.output)
    documents = postings.save(contents, language, artifact.output.parent, k1=k1, b=b)
    artifact.finish(documents=documents)
    say(f"index: {documents:,} documents -> {artifact.output}")
    return postings.load(artifact.output.parent)

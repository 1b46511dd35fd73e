"""BM25 over any corpus, through bm25s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from inpars.data.corpora import Corpus
from inpars.data.records import Query
from inpars.data.runs import Run, tie_free
from inpars.errors import InparsError
from inpars.retrieve.analysis import analyzer


class BM25:
    """An in-memory index. Lucene's BM25 with Anserini's parameters, k1=0.9 and b=0.4, by default."""

    def __init__(
        self,
        documents: Iterable[tuple[str, str]],
        *,
        k1: float = 0.9,
        b: float = 0.4,
        language: str = "en",
    ) -> None:
        """Index `(document id, searchable text)` pairs; `InparsError` where no text has a word."""
        import bm25s

        self._analyze = analyzer(language)
        self._vocabulary: dict[str, int] = {}
        self.doc_ids: list[str] = []
        tokens: list[list[int]] = []
        for doc_id, text in documents:
            self.doc_ids.append(doc_id)
            tokens.append([self._vocabulary.setdefault(t, len(self._vocabulary)) for t in self._analyze(text)])
        if not self._vocabulary:
            raise InparsError(f"BM25 finds no words in {len(tokens)} documents", hint=f"is the language {language!r}?")
        self._index = bm25s.BM25(method="lucene", k1=k1, b=b)
        self._index.index((tokens, self._vocabulary), show_progress=False)

    @classmethod
    def of(cls, corpus: Corpus, *, k1: float = 0.9, b: float = 0.4, language: str = "en") -> BM25:
        """Index `title + " " + text` of every document of a corpus."""
        return cls(((d.doc_id, d.contents) for d in corpus), k1=k1, b=b, language=language)

    def search(self, query: str, k: int) -> dict[str, float]:
        """The at most `k` best documents that share a word with `query`, best first, no two scores alike."""
        scores = self.scores(query)
        matched = np.flatnonzero(scores > 0)
        if len(matched) > k:
            # All that reach the k-th score stay until ties are broken, by document id.
            threshold = np.partition(scores[matched], len(matched) - k)[len(matched) - k]
            matched = matched[scores[matched] >= threshold]
        found = tie_free({self.doc_ids[i]: float(scores[i]) for i in matched})
        return {doc_id: score for (doc_id, score), _ in zip(found, range(k), strict=False)}

    def search_each(self, queries: Iterable[Query], k: int) -> Iterator[tuple[str, dict[str, float]]]:
        """`(query id, documents as search gives them)` for each query in turn."""
        for query in queries:
            yield query.query_id, self.search(query.text, k)

    def search_all(self, queries: Iterable[Query], k: int) -> Run:
        """`search_each` as a run."""
        return dict(self.search_each(queries, k))

    def scores(self, query: str) -> np.ndarray:
        """The score of every document, float32, in the order of `doc_ids`."""
        terms = [self._vocabulary[t] for t in self._analyze(query) if t in self._vocabulary]
        if not terms:
            return np.zeros(len(self.doc_ids), dtype=np.float32)
        return np.asarray(self._index.get_scores_from_ids(terms), dtype=np.float32)

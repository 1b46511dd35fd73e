"""A retriever's own score of any document, found or not, and of a text that stands in for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from inpars.negatives.draft import Pair
from inpars.retrieve import Retriever
from inpars.retrieve.bm25 import BM25

_OWN = ""
"""The retriever's name among the scorers."""


class OwnScores:
    """Scores by the one retriever that found the candidates; computed anew only for what it did not find.

    The positive is read as it is trained on, with the query's own words cut out.
    """

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._places: dict[str, int] = {}

    def __call__(self, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
        """For each pair the score of the candidate, and that of the source of its query."""
        missing: dict[tuple[str, str], str] = {}
        for draft, candidate in pairs:
            if _OWN not in draft.positive_scores:
                source = draft.pool.find(draft.query.doc_id)
                if source.rank and not draft.positive_text:
                    draft.positive_scores[_OWN] = source.score
                else:
                    missing[draft.query.query, draft.passage] = draft.positive_text
            if not candidate.rank:
                missing[draft.query.query, candidate.doc_id] = ""
        scores = dict(zip(missing, self._scores(missing), strict=True))
        found = []
        for draft, candidate in pairs:
            text = draft.query.query
            if _OWN not in draft.positive_scores:
                draft.positive_scores[_OWN] = scores[text, draft.passage]
            score = candidate.score if candidate.rank else scores[text, candidate.doc_id]
            found.append((score, draft.positive_scores[_OWN]))
        return found

    def _scores(self, asked: Mapping[tuple[str, str], str]) -> list[float]:
        """The score of each query and passage; beside them the passage's text, empty for a document of the corpus."""
        if not asked:
            return []
        retriever = self._retriever
        if isinstance(retriever, BM25):
            return [
                retriever.score_of(query, text) if text else float(retriever.scores(query)[self._place(passage)])
                for (query, passage), text in asked.items()
            ]
        from inpars.retrieve.dense import Dense

        assert isinstance(retriever, Dense)
        queries = _embedded(retriever.embed_queries, (query for query, _ in asked))
        texts = _embedded(retriever.embed_documents, filter(None, asked.values()))
        found = []
        for (query, passage), text in asked.items():
            row = texts[text] if text else retriever.matrix[self._place(passage)].astype(np.float64)
            found.append(float(np.float32((queries[query] * row).sum())))
        return found

    def _place(self, doc_id: str) -> int:
        if not self._places:
            self._places = {doc_id: place for place, doc_id in enumerate(self._retriever.doc_ids)}
        return self._places[doc_id]


def _embedded(embed: Callable[[Sequence[str]], np.ndarray], texts: Iterable[str]) -> dict[str, np.ndarray]:
    once = list(dict.fromkeys(texts))
    return dict(zip(once, embed(once).astype(np.float64), strict=True)) if once else {}

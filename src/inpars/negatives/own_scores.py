"""A retriever's own score of any document, found or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inpars.negatives.draft import Pair
from inpars.retrieve import Retriever
from inpars.retrieve.bm25 import BM25

_OWN = ""
"""The retriever's name among the scorers."""


class OwnScores:
    """Scores by the one retriever that found the candidates; computed anew only for what it did not find."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._places: dict[str, int] = {}

    def __call__(self, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
        """For each pair the score of the candidate, and that of the source of its query."""
        missing: dict[tuple[str, str], float] = {}
        for draft, candidate in pairs:
            source = draft.pool.find(draft.query.doc_id)
            if source.rank:
                draft.positive_scores[_OWN] = source.score
            elif _OWN not in draft.positive_scores:
                missing[draft.query.query, source.doc_id] = 0.0
            if not candidate.rank:
                missing[draft.query.query, candidate.doc_id] = 0.0
        missing = dict(zip(missing, self._scores(list(missing)), strict=True))
        found = []
        for draft, candidate in pairs:
            text = draft.query.query
            if _OWN not in draft.positive_scores:
                draft.positive_scores[_OWN] = missing[text, draft.query.doc_id]
            score = candidate.score if candidate.rank else missing[text, candidate.doc_id]
            found.append((score, draft.positive_scores[_OWN]))
        return found

    def _scores(self, asked: Sequence[tuple[str, str]]) -> list[float]:
        if not asked:
            return []
        retriever = self._retriever
        if isinstance(retriever, BM25):
            return [float(retriever.scores(query)[self._place(doc_id)]) for query, doc_id in asked]
        from inpars.retrieve.dense import Dense
        from inpars.retrieve.embeddings import cosine, unit_length

        assert isinstance(retriever, Dense)
        texts = list(dict.fromkeys(query for query, _ in asked))
        embedded = retriever.encoder.embed_queries(texts)
        if cosine(retriever.encoder):
            embedded = unit_length(embedded)
        rows = dict(zip(texts, embedded.astype(np.float64), strict=True))
        documents = (retriever.matrix[self._place(doc_id)].astype(np.float64) for _, doc_id in asked)
        return [float(np.float32((rows[q] * row).sum())) for (q, _), row in zip(asked, documents, strict=True)]

    def _place(self, doc_id: str) -> int:
        if not self._places:
            self._places = {doc_id: place for place, doc_id in enumerate(self._retriever.doc_ids)}
        return self._places[doc_id]

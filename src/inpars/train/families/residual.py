"""What BM25 says of a batch's queries and documents, for a bi-encoder that learns to be right where BM25 is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from inpars.data.corpora import Corpus
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.fusion import PRIOR

_DEPTH = 100
_SPREAD = 0.05
"""About the standard deviation of a bi-encoder's cosines over the best documents of a query."""

_REMEMBERED = 4096


class Residual:
    """BM25's scores in the unit of a bi-encoder's cosine, as they weigh in the fusion of the two.

    Added to the similarities before a loss, they leave the model to learn what BM25 lacks (CLEAR: Gao et al. 2021,
    arXiv 2004.13969), so that the fusion gains rather than the model alone.
    """

    def __init__(self, corpus: Corpus, language: str) -> None:
        self._index = BM25.of(corpus, language=language)
        self._kept: dict[str, np.ndarray] = {}

    def __call__(self, queries: Iterable[str], doc_ids: Sequence[str]) -> Tensor:
        """Of texts of queries and ids of documents: float32, shape (queries, documents)."""
        places = np.array([self._index.places[doc_id] for doc_id in doc_ids])
        return torch.from_numpy(np.stack([self._of(query)[places] for query in queries]))

    def _of(self, query: str) -> np.ndarray:
        if query not in self._kept:
            if len(self._kept) >= _REMEMBERED:
                self._kept.clear()
            scores = self._index.scores(query)
            best = scores if len(scores) <= _DEPTH else np.partition(scores, -_DEPTH)[-_DEPTH:]
            spread = float(best.std())
            scale = _SPREAD * (1 - PRIOR) / PRIOR / spread if spread > 0 else 0.0
            self._kept[query] = ((scores - best.mean()) * scale).astype(np.float32)
        return self._kept[query]

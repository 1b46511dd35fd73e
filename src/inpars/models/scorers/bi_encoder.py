"""Bi-encoders: query and document are embedded apart and compared by the model's own similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inpars.data.runs import Run
from inpars.models.precision import Precision, autocast, default_device


class BiEncoder:
    """A sentence-transformers model. Documents are embedded once and remembered by id."""

    def __init__(
        self, model: Any, *, batch_size: int = 64, precision: Precision = "auto", device: str | None = None
    ) -> None:
        """`model` is a path, a hub id, or a loaded `SentenceTransformer`."""
        from sentence_transformers import SentenceTransformer

        if isinstance(model, SentenceTransformer):
            self.model, self.device = model, model.device.type
        else:
            self.device = device or default_device()
            self.model = SentenceTransformer(str(model), device=self.device)
        self.batch_size, self.precision = batch_size, precision
        self._documents: dict[str, np.ndarray] = {}

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings, float32, shape (len(texts), dimension), with the model's query prompt if it has one."""
        return self._embed(self.model.encode_query, texts)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings, float32, shape (len(texts), dimension), with the model's document prompt if it has one."""
        return self._embed(self.model.encode_document, texts)

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """The model's similarity of each query to its candidates."""
        wanted = dict.fromkeys(doc_id for query_id in queries for doc_id in candidates.get(query_id, ()))
        new = [doc_id for doc_id in wanted if doc_id not in self._documents]
        if new:
            self._documents.update(zip(new, self.embed_documents([documents[d] for d in new]), strict=True))
        run: Run = {}
        for (query_id, _), embedding in zip(queries.items(), self.embed_queries(list(queries.values())), strict=True):
            doc_ids = list(candidates.get(query_id, ()))
            if not doc_ids:
                run[query_id] = {}
                continue
            matrix = np.stack([self._documents[doc_id] for doc_id in doc_ids])
            similarities = np.asarray(self.model.similarity(embedding[None, :], matrix))[0]
            run[query_id] = dict(zip(doc_ids, similarities.tolist(), strict=True))
        return run

    def _embed(self, encode: Any, texts: Sequence[str]) -> np.ndarray:
        with autocast(self.precision, self.device):
            embeddings = encode(list(texts), batch_size=self.batch_size, show_progress_bar=False)
        return np.asarray(embeddings, dtype=np.float32)

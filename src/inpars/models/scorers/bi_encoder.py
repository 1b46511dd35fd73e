"""Bi-encoders: query and document are embedded apart and compared by the model's own similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpars.data.runs import Run
from inpars.models.adapters import merge_adapters
from inpars.models.completing import LONGEST, complete, set_length
from inpars.models.loading import loading, require_vocabulary
from inpars.models.precision import autocast, default_device, stored_in
from inpars.models.quiet import quiet_loading
from inpars.models.scorers.options import PromptOptions, ScoringOptions
from inpars.models.scorers.prompts import Prompts, advise, require_prompts, say_unread, set_prompts, unread_prompts
from inpars.models.vocabulary import require_fit

_REMEMBERED = 200_000
"""Embeddings held at most, beyond those of one call: 300 MB of 384 dimensions."""


class BiEncoder:
    """A sentence-transformers model. Documents are embedded once and remembered by id, as long as there is room."""

    def __init__(self, model: str | Path, options: ScoringOptions) -> None:
        loaded = load_bi_encoder(str(model), options.device or default_device(), options, options.trust_remote_code)
        if options.max_length:
            set_length(loaded, options.length(loaded.max_seq_length or options.max_length))
        self._take(loaded, options, loaded.max_seq_length)

    @classmethod
    def over(cls, model: Any, options: ScoringOptions, max_length: int | None) -> BiEncoder:
        """A scorer over a sentence-transformers model in memory, with nothing remembered of earlier weights.

        It reads `max_length` tokens of a text (None: no limit), whatever the model is set to read at other times.
        """
        scorer = cls.__new__(cls)
        scorer._take(model, options, max_length)
        return scorer

    def _take(self, model: Any, options: ScoringOptions, max_length: int | None) -> None:
        self.model, self.device, self.precision = model, model.device.type, options.precision
        self.max_length = max_length
        limit = int(min(max_length or LONGEST, LONGEST))
        self.batch_size = max(1, (options.batch_tokens or 16384) // (limit if limit < LONGEST else 512))
        self._documents: dict[str, np.ndarray] = {}

    @property
    def prompts(self) -> Prompts:
        """What the model reads before a query and before a passage."""
        return Prompts(self.model.prompts.get("query") or "", self.model.prompts.get("document") or "")

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings, float32, shape (len(texts), dimension), each query after the model's prompt for one."""
        return self._embed(self.model.encode_query, texts)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings, float32, shape (len(texts), dimension), each passage after the model's prompt for one."""
        return self._embed(self.model.encode_document, texts)

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """The model's similarity of each query to its candidates."""
        wanted = dict.fromkeys(doc_id for query_id in queries for doc_id in candidates.get(query_id, ()))
        new = [doc_id for doc_id in wanted if doc_id not in self._documents]
        if len(self._documents) + len(new) > _REMEMBERED:
            self._documents.clear()
            new = list(wanted)
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
        before = self.model.max_seq_length
        set_length(self.model, self.max_length)
        try:
            with autocast(self.precision, self.device):
                embeddings = encode(list(texts), batch_size=self.batch_size, show_progress_bar=False)
        finally:
            set_length(self.model, before)
        return np.asarray(embeddings, dtype=np.float32)


def load_bi_encoder(
    model: str, device: str, prompts: PromptOptions, trust_remote_code: bool = False, dtype: str | None = None
) -> Any:
    """A `SentenceTransformer` that states the prompts to use as "query" and "document": see `prompts_of`.

    Its weights are in `dtype`, by default on a processor in fp32 and elsewhere in the format of its files.
    """
    from sentence_transformers import SentenceTransformer

    require_prompts(model)
    with loading(model), quiet_loading():
        given = {"trust_remote_code": trust_remote_code, "model_kwargs": {"dtype": dtype or stored_in(device)}}
        loaded = SentenceTransformer(model, device=device, **given)
    require_vocabulary(model, getattr(loaded, "tokenizer", None))
    require_fit(model, loaded.tokenizer, loaded.transformers_model)
    merge_adapters(loaded.transformers_model)
    complete(loaded)
    named = dict(loaded.prompts)
    found = set_prompts(loaded, prompts)
    if unread := unread_prompts(named, found, prompts):
        say_unread(model, unread)
    elif not any(found) and not prompts.gives_prompts:
        advise(model)
    return loaded

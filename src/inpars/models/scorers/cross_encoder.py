"""Cross-encoders: query and document are read together and scored by one logit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inpars.data.runs import Run
from inpars.errors import InparsError
from inpars.models.precision import Precision, autocast, default_device


class CrossEncoder:
    """A sentence-transformers cross-encoder with one output."""

    def __init__(
        self, model: Any, *, batch_size: int = 64, precision: Precision = "auto", device: str | None = None
    ) -> None:
        """`model` is a path, a hub id, or a loaded `CrossEncoder`."""
        from sentence_transformers import CrossEncoder as Model

        if isinstance(model, Model):
            self.model, self.device = model, model.device.type
        else:
            self.device = device or default_device()
            self.model = Model(str(model), device=self.device)
        if self.model.num_labels != 1:
            raise InparsError(
                f"the cross-encoder has {self.model.num_labels} outputs where a reranker has one",
                hint="train it first: inpars train --family cross-encoder --base-model MODEL",
            )
        self.batch_size, self.precision = batch_size, precision

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """The logit of each query with each of its candidates, without an activation, so that none saturate."""
        from torch.nn import Identity

        pairs = [(query_id, doc_id) for query_id in queries for doc_id in candidates.get(query_id, ())]
        run: Run = {query_id: {} for query_id in queries}
        if not pairs:
            return run
        with autocast(self.precision, self.device):
            logits = self.model.predict(
                [(queries[query_id], documents[doc_id]) for query_id, doc_id in pairs],
                batch_size=self.batch_size,
                activation_fn=Identity(),
                show_progress_bar=False,
            )
        for (query_id, doc_id), logit in zip(pairs, np.asarray(logits, dtype=np.float32).tolist(), strict=True):
            run[query_id][doc_id] = logit
        return run

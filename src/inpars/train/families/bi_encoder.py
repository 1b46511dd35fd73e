"""Bi-encoders: query and document are embedded apart, to be compared by similarity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.models.completing import set_length
from inpars.models.precision import default_device
from inpars.models.scorers.bi_encoder import BiEncoder, load_bi_encoder
from inpars.models.scorers.options import ScoringOptions
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import prepare

_SHORT = 256
"""Tokens up to which a processor trains faster with attention written out than with torch's fused one: 30% at 128."""


class BiEncoderTrainee:
    """A sentence-transformers bi-encoder, trained in-batch or query by query."""

    def __init__(self, model: str, config: TrainConfig) -> None:
        self.config = config
        device = config.device or default_device()
        # In a format that small steps show in.
        self.model = load_bi_encoder(model, device, config, config.trust_remote_code, dtype="float32")
        if config.similarity:
            # It is saved with the model, which sentence-transformers loads with it.
            self.model.similarity_fn_name = {"cos": "cosine", "dot": "dot"}[config.similarity]
        self._own_length = self.model.max_seq_length
        set_length(self.model, min(self._own_length or config.max_length, config.max_length))
        prepare(self.model, config)
        inner = self.model.transformers_model
        # Static embeddings have no attention.
        if inner is not None and device == "cpu" and config.max_length <= _SHORT:
            inner.set_attn_implementation("eager")

    def scorer(self) -> BiEncoder:
        """A scorer with nothing remembered of earlier weights, which reads as much as the saved model will."""
        return BiEncoder.over(self.model, ScoringOptions(precision=self.config.precision), self._own_length)

    def trainer(self, examples: Examples, folder: Path, steps: int) -> Any:
        """A `SentenceTransformerTrainer`."""
        if self.config.loss == "in-batch":
            from inpars.train.families.in_batch import in_batch_trainer as make
        else:
            from inpars.train.families.embedding_loss import embedding_trainer as make
        return make(self.model, self.config, examples, folder, steps)

    def save(self, folder: Path) -> None:
        """Write the model with the maximum length it came with."""
        trained_length = self.model.max_seq_length
        set_length(self.model, self._own_length)
        self.model.save_pretrained(str(folder), create_model_card=False)
        set_length(self.model, trained_length)

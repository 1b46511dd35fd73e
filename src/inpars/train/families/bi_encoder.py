"""Bi-encoders: in-batch negatives and mined ones under a softmax (InfoNCE)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.models.precision import default_device
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.models.scorers.options import ScoringOptions
from inpars.train.config import TrainConfig
from inpars.train.examples import Example
from inpars.train.families.arguments import arguments, prepare


class BiEncoderTrainee:
    """A sentence-transformers bi-encoder trained with `MultipleNegativesRankingLoss`.

    Each query is to be nearer to its document than to its mined negatives and to every document of
    the other queries in the batch (Henderson et al. 2017, arXiv 1705.00652).
    """

    def __init__(self, model: str, config: TrainConfig) -> None:
        from sentence_transformers import SentenceTransformer

        self.config = config
        self.model = SentenceTransformer(model, device=config.device or default_device())
        self._own_length = self.model.max_seq_length
        self.model.max_seq_length = min(self._own_length or config.max_length, config.max_length)
        prepare(self.model, config)

    def scorer(self) -> BiEncoder:
        """A scorer with nothing remembered of earlier weights."""
        return BiEncoder.over(self.model, ScoringOptions(precision=self.config.precision))

    def trainer(self, examples: list[Example], folder: Path, steps: int) -> Any:
        """A trainer over columns `anchor, positive, negative_0 …`, no text twice in a batch."""
        from datasets import Dataset
        from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
        from sentence_transformers.sentence_transformer.training_args import BatchSamplers

        columns = {"anchor": [e.query for e in examples], "positive": [e.positive for e in examples]}
        for place in range(len(examples[0].negatives)):
            columns[f"negative_{place}"] = [e.negatives[place] for e in examples]
        prompts = self.model.prompts
        given = {name: prompts.get("query" if name == "anchor" else "document") for name in columns}
        return SentenceTransformerTrainer(
            model=self.model,
            args=SentenceTransformerTrainingArguments(
                **arguments(self.config, folder, steps),
                batch_sampler=BatchSamplers.NO_DUPLICATES,
                prompts={name: prompt for name, prompt in given.items() if prompt} or None,
            ),
            train_dataset=Dataset.from_dict(columns),
            loss=MultipleNegativesRankingLoss(self.model),
        )

    def save(self, folder: Path) -> None:
        """Write the model with the maximum length it came with."""
        trained_length, self.model.max_seq_length = self.model.max_seq_length, self._own_length
        self.model.save_pretrained(str(folder), create_model_card=False)
        self.model.max_seq_length = trained_length

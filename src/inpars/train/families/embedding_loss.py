"""Bi-encoders query by query, under any loss of queries and their own passages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from torch import Tensor, nn

from inpars.train.config import TrainConfig
from inpars.train.examples import Example, Examples
from inpars.train.families.arguments import make_arguments
from inpars.train.families.by_query import ByQuery, labels_and_teacher, targets
from inpars.train.losses import loss_function

COSINE_SCALE = 20.0
"""What a cosine is multiplied by: a softmax over numbers from -1 to 1 would be nearly flat."""


def scale_of(model: Any) -> float:
    """What a model's similarities are multiplied by in a loss."""
    return COSINE_SCALE if model.similarity_fn_name == "cosine" else 1.0


class EmbeddingLoss(nn.Module):  # type: ignore[misc]
    """The model's own similarity of each query to each of its passages, fp32, handed to the loss that is asked for."""

    def __init__(self, model: Any, config: TrainConfig) -> None:
        super().__init__()
        self.model = model
        self.similarity = model.similarity_pairwise
        self.scale = scale_of(model)
        self.function, self.temperature = loss_function(config), config.temperature

    def forward(self, sentence_features: list[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The loss of a batch: features of its queries and of all passages, those of a query side by side."""
        queries, passages = (self.model(features)["sentence_embedding"].float() for features in sentence_features)
        relevant, teacher = labels_and_teacher(labels)
        scores = self.similarity(queries.repeat_interleave(relevant.shape[1], dim=0), passages)
        return self.function(self.scale * scores.view(relevant.shape), relevant, teacher, self.temperature)


class EmbeddingTrainer(ByQuery, SentenceTransformerTrainer):  # type: ignore[misc]
    """A `SentenceTransformerTrainer` that is fed query by query."""


def embedding_trainer(model: Any, config: TrainConfig, examples: Examples, folder: Path, steps: int) -> Any:
    """A trainer with `EmbeddingLoss`."""
    trainer = EmbeddingTrainer(
        model=model,
        args=make_arguments(SentenceTransformerTrainingArguments, config, folder, steps),
        loss=EmbeddingLoss(model, config),
    )

    def collate(batch: list[Example]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, kind, column in (
            ("anchor", "query", [example.query for example in batch]),
            ("passage", "document", [passage for example in batch for passage in example.passages]),
        ):
            features = model.preprocess(column, prompt=model.prompts[kind], task=kind)
            given |= {f"{name}_{feature}": value for feature, value in features.items()}
        return given | {"label": targets(batch)}

    trainer.feed(examples, lambda e: sum(map(len, e.passages)), collate)
    return trainer

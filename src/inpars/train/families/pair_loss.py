"""Sentence-transformers cross-encoders, LLM rerankers among them, under any of our losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sentence_transformers import CrossEncoderTrainer, CrossEncoderTrainingArguments
from torch import Tensor, nn

from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import make_arguments
from inpars.train.families.by_query import ByQuery, in_order, labels_and_teacher, texts
from inpars.train.families.inputs import Inputs, ModelInputs
from inpars.train.losses import loss_function


class PairLoss(nn.Module):  # type: ignore[misc]
    """Scores each query with each of its passages, fp32, and hands the scores to the loss that is asked for."""

    def __init__(self, model: Any, config: TrainConfig, inputs: Inputs) -> None:
        super().__init__()
        self.model, self.inputs = model, inputs
        self.function, self.temperature = loss_function(config), config.temperature

    def forward(self, inputs: list[Any], labels: Tensor, prompt: str | None = None, task: str | None = None) -> Tensor:
        """The loss of a batch: `inputs` are queries and, of each, its passages; `labels` as `targets` makes them."""
        queries, passages = inputs
        pairs = [(query, passage) for query, own in zip(queries, passages, strict=True) for passage in own]
        places: list[int] = []
        scores = []
        for chunk, features in self.inputs.chunks(pairs):
            scores.append(self.model(features)["scores"].view(-1).float())
            places += chunk
        relevant, teacher = labels_and_teacher(labels)
        return self.function(in_order(places, scores).view(relevant.shape), relevant, teacher, self.temperature)


class PairTrainer(ByQuery, CrossEncoderTrainer):  # type: ignore[misc]
    """A `CrossEncoderTrainer` that is fed query by query."""


def pair_trainer(
    model: Any,
    config: TrainConfig,
    examples: Examples,
    folder: Path,
    steps: int,
    inputs: Inputs | None = None,
    **arguments: Any,
) -> PairTrainer:
    """A trainer for a sentence-transformers `CrossEncoder` with one output.

    `inputs` makes its inputs (by default it does so itself); `arguments` are training arguments.
    """
    inputs = inputs or ModelInputs(model)
    trainer = PairTrainer(
        model=model,
        args=make_arguments(CrossEncoderTrainingArguments, config, folder, steps, **arguments),
        loss=PairLoss(model, config, inputs),
    )
    trainer.feed(examples, inputs.length, texts)
    return trainer

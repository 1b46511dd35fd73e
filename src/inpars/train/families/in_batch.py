"""Bi-encoders under in-batch softmax: every other query's documents are negatives too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import NoDuplicatesBatchSampler
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MultipleNegativesRankingLoss,
)

from inpars.errors import OptionError
from inpars.train import processes
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import make_arguments


def in_batch_trainer(model: Any, config: TrainConfig, examples: Examples, folder: Path, steps: int) -> Any:
    """A trainer with `MultipleNegativesRankingLoss`, no text twice in a batch.

    Each query is to be nearer to its document than to its mined negatives and to every document of
    the other queries in the step, those on other devices included (Henderson et al. 2017, arXiv
    1705.00652). With a `micro_batch_size` the step is embedded in parts of that size, which changes
    memory and time but not the loss (Gao et al. 2021, arXiv 2101.06983).
    """
    if config.batch_size < 2 * processes.count():
        raise OptionError("the loss in-batch needs a batch_size of two queries or more on each device")
    rows = Rows(examples)
    given = {name: model.prompts.get("query" if name == "anchor" else "document") for name in rows.columns}
    several = processes.count() > 1
    arguments = make_arguments(
        SentenceTransformerTrainingArguments,
        config.model_copy(update={"micro_batch_size": 0}),
        folder,
        steps,
        prompts={name: prompt for name, prompt in given.items() if prompt} or None,
    )
    if config.micro_batch_size:
        loss: Any = CachedMultipleNegativesRankingLoss(
            model, mini_batch_size=config.micro_batch_size, gather_across_devices=several
        )
    else:
        loss = MultipleNegativesRankingLoss(model, gather_across_devices=several)
    numbers = Dataset.from_dict({"number": range(len(examples))})
    numbers.set_transform(rows)
    trainer = InBatchTrainer(model=model, args=arguments, train_dataset=numbers, loss=loss)
    trainer.rows = rows
    return trainer


class Rows:
    """Examples as columns `anchor, positive, negative_0 …`, with the negatives of the epoch that it is."""

    def __init__(self, examples: Examples) -> None:
        self.examples, self.epoch = examples, 0
        self.columns = ["anchor", "positive", *(f"negative_{place}" for place in range(examples.negatives))]

    def __call__(self, batch: dict[str, list[int]]) -> dict[str, list[str]]:
        """The columns of a batch of row numbers."""
        drawn = [self.examples.draw(number, self.epoch) for number in batch["number"]]
        columns = zip(*((example.query, *example.passages) for example in drawn), strict=True)
        return dict(zip(self.columns, map(list, columns), strict=True))


class Sampler(NoDuplicatesBatchSampler):  # type: ignore[misc]
    """Batches without a text twice; it tells the rows of each new epoch."""

    rows: Rows

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch."""
        super().set_epoch(epoch)
        self.rows.epoch = epoch


class InBatchTrainer(SentenceTransformerTrainer):  # type: ignore[misc]
    """A `SentenceTransformerTrainer` over `Rows`."""

    rows: Rows

    def get_batch_sampler(self, dataset: Any, **options: Any) -> Sampler:
        """The sampler of the rows."""
        sampler = Sampler(dataset, **options)
        sampler.rows = self.rows
        return sampler

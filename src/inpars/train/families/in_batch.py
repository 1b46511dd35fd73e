"""Bi-encoders under in-batch softmax: every other query's documents are negatives too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import NoDuplicatesBatchSampler
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import all_gather, get_rank
from torch import Tensor

from inpars.errors import OptionError
from inpars.train import processes
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import make_arguments
from inpars.train.families.embedding_loss import scale_of
from inpars.train.families.residual import Residual
from inpars.train.positives import Positives


def in_batch_trainer(model: Any, config: TrainConfig, examples: Examples, folder: Path, steps: int) -> Any:
    """A trainer with `MultipleNegativesRankingLoss`, no text twice in a batch.

    Each query is to be nearer to its document than to its mined negatives and to every document of
    the other queries in the step, those on other devices included (Henderson et al. 2017, arXiv
    1705.00652), but for documents that are known to answer it too. With a `micro_batch_size` the step
    is embedded in parts of that size, which changes memory and time but not the loss (Gao et al. 2021,
    arXiv 2101.06983). With the `residual` bm25 BM25's scores are added to the similarities (see `Residual`).
    """
    if config.batch_size < 2 * processes.count():
        raise OptionError("the loss in-batch needs a batch_size of two queries or more on each device")
    rows = Rows(examples)
    texts = [name for name in rows.columns if name != "label"]
    given = {name: model.prompts["query" if name == "anchor" else "document"] for name in texts}
    several = processes.count() > 1
    arguments = make_arguments(
        SentenceTransformerTrainingArguments,
        config.model_copy(update={"micro_batch_size": 0}),
        folder,
        steps,
        prompts={name: prompt for name, prompt in given.items() if prompt} or None,
    )
    residual = Residual(examples.corpus, config.language) if config.residual == "bm25" else None
    options = {
        "similarity_fct": Similarity(model.similarity, rows.positives, residual, gather=several),
        "scale": scale_of(model),
        "gather_across_devices": several,
    }
    if config.micro_batch_size:
        loss: Any = CachedInBatchLoss(model, mini_batch_size=config.micro_batch_size, **options)
    else:
        loss = InBatchLoss(model, **options)
    numbers = Dataset.from_dict({"number": range(len(examples))})
    numbers.set_transform(rows)
    trainer = InBatchTrainer(model=model, args=arguments, train_dataset=numbers, loss=loss)
    trainer.rows = rows
    return trainer


class Similarity:
    """Similarities of queries and documents, minus infinity where a document is known to answer a query.

    The losses ask for a step's queries in order, all at once or in parts.
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], Tensor],
        positives: Positives,
        residual: Residual | None = None,
        *,
        gather: bool,
    ) -> None:
        """`residual` is added to the similarities. `gather`: whether the documents are those of all devices, as the
        loss gathers them."""
        self.function, self.positives, self.residual, self.gather = function, positives, residual, gather

    def begin(self, labels: Tensor) -> None:
        """Begin a step: `labels` are the rows of `Positives` for this device's queries, int64."""
        # In the order of the loss: the positives of all devices, then their first negatives, and so on.
        documents = (all_gather(labels) if self.gather else labels)[:, 1:].T.flatten().tolist()
        hidden = self.positives.known(labels[:, 0].tolist(), documents)
        own = torch.arange(len(labels))
        hidden[own, own + (get_rank() * len(labels) if self.gather else 0)] = False
        self.hidden, self.asked = hidden.to(labels.device), 0
        if self.residual is not None:
            asked, held = self.positives.texts(labels[:, 0].tolist()), self.positives.doc_ids(documents)
            self.added = self.residual(asked, held).to(labels.device)

    def __call__(self, queries: Tensor, documents: Tensor) -> Tensor:
        """Shape (queries, documents)."""
        first, self.asked = self.asked, self.asked + len(queries)
        found = self.function(queries, documents)
        if self.residual is not None:
            found = found + self.added[first : self.asked]
        return found.masked_fill(self.hidden[first : self.asked], -torch.inf)


class InBatchLoss(MultipleNegativesRankingLoss):  # type: ignore[misc]
    """The loss of a step, with a `Similarity`."""

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The mean over this device's queries."""
        self.similarity_fct.begin(labels)
        return super().forward(sentence_features, labels)


class CachedInBatchLoss(CachedMultipleNegativesRankingLoss):  # type: ignore[misc]
    """The same, by gradient caching."""

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The mean over this device's queries."""
        self.similarity_fct.begin(labels)
        return super().forward(sentence_features, labels)


class Rows:
    """Examples as columns `anchor, positive, negative_0 …, label`, with the negatives of the epoch that it is.

    The label says which query and documents they are, as `Positives` numbers them.
    """

    def __init__(self, examples: Examples) -> None:
        self.examples, self.positives, self.epoch = examples, Positives(examples), 0
        self.columns = ["anchor", "positive", *(f"negative_{place}" for place in range(examples.negatives)), "label"]

    def __call__(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        """The columns of a batch of row numbers."""
        numbers = batch["number"]
        drawn = [self.examples.draw(number, self.epoch) for number in numbers]
        labels = [self.positives.row(number, self.epoch) for number in numbers]
        rows = ((e.query, *e.passages, label) for e, label in zip(drawn, labels, strict=True))
        return dict(zip(self.columns, map(list, zip(*rows, strict=True)), strict=True))


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

    def add_model_card_callback(self, arguments: dict[str, Any]) -> None:
        """None: for a card of its own, which is not written, the library would tokenise texts without their prompts."""

    def get_batch_sampler(self, dataset: Any, **options: Any) -> Sampler:
        """The sampler of the rows."""
        sampler = Sampler(dataset, **options)
        sampler.rows = self.rows
        return sampler

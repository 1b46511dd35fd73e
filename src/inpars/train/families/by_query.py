"""Trainers that are fed query by query, each with its passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from inpars.train.batches import Batches, Draws
from inpars.train.examples import Example, Examples


class ByQuery:
    """Mixed into a `transformers.Trainer`: its batches are those of `inpars.train.batches`, on any number of devices.

    They last for the whole training, which the trainer takes for one epoch.
    """

    def feed(
        self,
        examples: Examples,
        length: Callable[[Example], int],
        collate: Callable[[list[Example]], dict[str, Any]],
    ) -> None:
        """Set what is trained on; `collate` makes a batch of examples."""
        args: Any = self.args  # type: ignore[attr-defined]
        parts = args.gradient_accumulation_steps * args.world_size
        batch_size = args.per_device_train_batch_size * parts
        self.draws = Draws(examples, args.max_steps * batch_size)
        self.batches = Batches(self.draws, batch_size, parts, length)
        self.collate = collate

    def get_train_dataloader(self) -> Any:
        """The batches, dealt out to the devices in turn."""
        from torch.utils.data import DataLoader

        args: Any = self.args  # type: ignore[attr-defined]
        loader = DataLoader(
            self.draws,
            batch_sampler=self.batches,
            collate_fn=self.collate,
            num_workers=args.dataloader_num_workers,
            persistent_workers=args.dataloader_persistent_workers,
            prefetch_factor=args.dataloader_prefetch_factor,
        )
        return self.accelerator.prepare(loader)  # type: ignore[attr-defined]

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        """The loss of one forward pass, its chunks sharing weights that are cast to another format once."""
        with self.accelerator.autocast():  # type: ignore[attr-defined]
            return super().compute_loss(*args, **kwargs)  # type: ignore[misc]


def texts(examples: list[Example]) -> dict[str, Any]:
    """A batch as texts: queries, passages of each, and `label`."""
    return {
        "query": [example.query for example in examples],
        "passages": [list(example.passages) for example in examples],
        "label": targets(examples),
    }


def targets(examples: Sequence[Example]) -> Tensor:
    """What the scores of a batch are to become, fp32, shape (queries, passages, 1 or 2).

    First the label, 1 for the positive and 0 for a negative; then the teacher's score, where there is one.
    """
    labels = torch.zeros(len(examples), 1 + len(examples[0].negatives))
    labels[:, 0] = 1
    if not examples[0].teacher:
        return labels[:, :, None]
    return torch.stack([labels, torch.tensor([example.teacher for example in examples])], dim=2)


def labels_and_teacher(targets: Tensor) -> tuple[Tensor, Tensor | None]:
    """The two parts of `targets`, each of shape (queries, passages); the teacher's None where there is none."""
    return targets[:, :, 0], targets[:, :, 1] if targets.shape[2] == 2 else None


def in_order(places: Sequence[int], rows: Sequence[Tensor]) -> Tensor:
    """Rows of several chunks as one tensor, each row back in its place."""
    joined = torch.cat(list(rows))
    return joined[torch.tensor(places, device=joined.device).argsort()]

"""What differs between the kinds of model that can be trained: one module a family, the same methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from inpars.models.scorers import Scorer
from inpars.registry import Registry
from inpars.train.config import TrainConfig
from inpars.train.examples import Example


class Trainee(Protocol):
    """A model of one family, loaded for training."""

    model: Any
    """The sentence-transformers model; a `torch.nn.Module`."""

    def __init__(self, model: str, config: TrainConfig) -> None: ...

    def scorer(self) -> Scorer:
        """The model as it stands, to score with."""
        ...

    def trainer(self, examples: list[Example], folder: Path, steps: int) -> Any:
        """A `transformers.Trainer` for these examples that works in `folder`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model as it is to be used: safetensors, and its own maximum length."""
        ...


FAMILIES: Registry[type[Trainee]] = Registry(
    "model family",
    {
        "bi-encoder": "inpars.train.families.bi_encoder:BiEncoderTrainee",
        "cross-encoder": "inpars.train.families.cross_encoder:CrossEncoderTrainee",
    },
)

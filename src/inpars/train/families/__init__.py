"""What differs between the kinds of model that can be trained: one module a family, the same methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from inpars.models.scorers import Scorer
from inpars.registry import Registry
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples


class Trainee(Protocol):
    """A model of one family, loaded for training."""

    model: Any
    """The model, a `torch.nn.Module`: what is scored, averaged with the base, and saved."""

    def __init__(self, model: str, config: TrainConfig) -> None: ...

    def scorer(self) -> Scorer:
        """The model as it stands, to score with."""
        ...

    def trainer(self, examples: Examples, folder: Path, steps: int) -> Any:
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
        "llm": "inpars.train.families.llm:LlmTrainee",
        "seq2seq": "inpars.train.families.seq2seq:Seq2SeqTrainee",
    },
)

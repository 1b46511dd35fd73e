"""What multiplies the matrices of a scoring model: one module an engine, all with the same `run` method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from inpars.models.precision import ScoringPrecision
from inpars.models.scorers.tokens import Tokens
from inpars.registry import Registry


class Engine(Protocol):
    """A model made ready to run.

    The model is a `torch.nn.Module` called as `model(input_ids=…, attention_mask=…[, token_type_ids=…])`
    with int64 tensors of shape (batch, length); it returns its outputs, shape (batch, outputs).
    """

    name: str

    def __init__(self, model: Any, *, precision: ScoringPrecision, device: str, compile: bool = False) -> None:
        """Take over `model`, which may be changed in place. `Unsuitable` where this engine cannot run it here."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens, padding included, that one batch may hold."""
        ...

    def run(self, batch: Sequence[Tokens]) -> np.ndarray:
        """The outputs for each input, float32, shape (len(batch), outputs)."""
        ...


class Unsuitable(Exception):
    """An engine cannot run this model here; another will do. Its text says why."""


ENGINES: Registry[type[Engine]] = Registry(
    "engine",
    {
        "eager": "inpars.models.engines.eager:Eager",
        "ragged": "inpars.models.engines.ragged:Ragged",
        "onnx": "inpars.models.engines.onnx:Onnx",
        "openvino": "inpars.models.engines.openvino:OpenVino",
    },
)

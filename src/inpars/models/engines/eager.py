"""Plain torch: padded batches through the model as it is, on any device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inpars.models.engines import Unsuitable
from inpars.models.engines.padding import padded
from inpars.models.precision import ScoringPrecision, autocast
from inpars.models.scorers.tokens import Tokens


class Eager:
    """The fallback of every other engine, and what runs on accelerators."""

    name = "eager"

    def __init__(self, model: Any, *, precision: ScoringPrecision, device: str, compile: bool = False) -> None:
        import torch

        if precision == "int8":
            raise Unsuitable("plain torch has no int8")
        self.model, self.precision, self.device = model.to(device), precision, device
        # On a processor small batches stay in its cache; an accelerator wants large ones.
        self.tokens = 4096 if device == "cpu" else 65536
        self._call = torch.compile(self.model, dynamic=True) if compile else self.model

    def run(self, batch: Sequence[Tokens]) -> np.ndarray:
        """The outputs for each input, float32, shape (len(batch), outputs)."""
        import torch

        was_training = self.model.training
        self.model.eval()
        with torch.inference_mode(), autocast(self.precision, self.device):
            arrays = padded(batch, getattr(self.model, "pad_id", 0))
            outputs = self._call(**{name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()})
        self.model.train(was_training)
        found: np.ndarray = outputs.float().cpu().numpy()
        return found

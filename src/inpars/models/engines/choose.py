"""Which engine runs a model on this machine."""

from __future__ import annotations

from typing import Any

from inpars.models.engines import ENGINES, Engine
from inpars.models.scorers.options import ScoringOptions


def engine_for(model: Any, options: ScoringOptions, device: str) -> Engine:
    """The engine that the options ask for."""
    name = "eager" if options.engine == "auto" else options.engine
    return ENGINES[name](model, precision=options.precision, device=device, compile=options.compile)

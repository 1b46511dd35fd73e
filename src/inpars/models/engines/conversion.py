"""What engines share that convert a model into a graph of their own."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inpars.models.engines import Unsuitable
from inpars.models.engines.padding import padded
from inpars.models.scorers.tokens import Tokens


def needed(library: str, extra: str) -> Any:
    """The imported library; `Unsuitable`, with the line that installs it, where it is missing."""
    try:
        return importlib.import_module(library)
    except ImportError:
        raise Unsuitable(f'the library {library!r} is not installed: pip install "inpars[{extra}]"') from None


def pretrained(model: Any) -> list[Any]:
    """The transformers models in a module, the outermost first."""
    from transformers import PreTrainedModel

    return [module for module in model.modules() if isinstance(module, PreTrainedModel)]


def example_inputs(model: Any) -> dict[str, np.ndarray]:
    """Two short inputs of unequal length, so that neither the batch nor the mask looks like a constant.

    Token types are among them if the model takes any: what is not in the example is not in the graph.
    """
    takes = [inspect.signature(inner.forward).parameters for inner in [model, *pretrained(model)[:1]]]
    types = all("token_type_ids" in parameters for parameters in takes)
    batch = [Tokens(np.full(length, 2), np.zeros(length, dtype=np.int64) if types else None) for length in (8, 6)]
    return padded(batch, getattr(model, "pad_id", 0))


def arrays_for(names: Sequence[str], batch: Sequence[Tokens], pad_id: int) -> Mapping[str, np.ndarray]:
    """The arrays that a graph asks for by name; token types are zeros where the inputs have none."""
    arrays = padded(batch, pad_id)
    arrays.setdefault("token_type_ids", np.zeros_like(arrays["input_ids"]))
    return {name: arrays[name] for name in names}


def reason(error: BaseException) -> str:
    """The first line of what made a conversion fail, underneath what its callers made of it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]

"""Number formats: bf16 where the processor multiplies it natively, fp32 elsewhere."""

from __future__ import annotations

import contextlib
import importlib.util
from typing import Any, Literal

from inpars.errors import OptionError

Precision = Literal["auto", "bf16", "fp16", "fp32"]
ScoringPrecision = Literal["auto", "bf16", "fp16", "fp32", "int8"]


def default_device() -> str:
    """ "cuda", "mps" or "cpu", the first that is there."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def stored_in(device: str) -> str:
    """The format that weights are kept in to score with: as their files have them, and on a processor in fp32.

    A processor has no kernels for much of what such a model does in fp16, and bf16 has too few digits for scores.
    """
    return "float32" if device == "cpu" else "auto"


def check_device(device: str | None) -> None:
    """`OptionError` for a device that torch does not know or this machine does not have."""
    if device is None or device == "cpu" or importlib.util.find_spec("torch") is None:
        return
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise OptionError(
            f"device {device!r} cannot be used: {str(error).splitlines()[0]}", hint="leave it out for the best there is"
        ) from None


def resolve(precision: Precision, device: str) -> Literal["bf16", "fp16", "fp32"]:
    """The format that `auto` stands for on this device."""
    if precision != "auto":
        return precision
    import torch

    if device.startswith("cuda"):
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if device == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return "bf16"
    return "fp32"


def autocast(precision: ScoringPrecision, device: str) -> contextlib.AbstractContextManager[Any]:
    """A context in which matrix products run in the resolved format; weights stay as they are."""
    import torch

    if precision == "int8":
        raise OptionError("precision int8 needs an engine of its own; this model runs in bf16, fp16 or fp32")
    resolved = resolve(precision, device)
    if resolved == "fp32":
        return contextlib.nullcontext()
    dtype = torch.bfloat16 if resolved == "bf16" else torch.float16
    context: contextlib.AbstractContextManager[Any] = torch.autocast(device.split(":")[0], dtype=dtype)
    return context

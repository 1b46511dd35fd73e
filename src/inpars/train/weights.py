"""A model's weights: what identifies them, and averages of two sets of them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

Weights = dict[str, Any]
"""Tensors by name."""


def weights_hash(model: Any) -> str:
    """SHA-256 of all weights, bit for bit, with their names, types and shapes."""
    import torch

    digest = hashlib.sha256()
    for name, weight in sorted(_distinct(model), key=lambda named: named[0]):
        digest.update(f"{name}\x1f{weight.dtype}\x1f{tuple(weight.shape)}\x1e".encode())
        digest.update(weight.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def copy_of(model: Any) -> Weights:
    """The weights as they are now, in the processor's memory."""
    return {name: weight.detach().to("cpu", copy=True) for name, weight in _distinct(model)}


@contextlib.contextmanager
def averaged(model: Any, base: Weights | None, share: float) -> Iterator[None]:
    """Within it the model has `share * base + (1 - share) * its own` weights, and its own again after.

    Without a share of the base nothing is copied.
    """
    if not share or base is None:
        yield
        return
    import torch

    trained = copy_of(model)
    with torch.no_grad():
        for name, weight in _distinct(model):
            # An adapter is a product whose second factor starts at 0: averaging that one alone averages the weights.
            if weight.is_floating_point() and ".lora_A." not in name:
                weight.copy_(share * base[name] + (1 - share) * trained[name])
    try:
        yield
    finally:
        with torch.no_grad():
            for name, weight in _distinct(model):
                weight.copy_(trained[name])


def _distinct(model: Any) -> Iterator[tuple[str, Any]]:
    """The weights with their names, tied ones once."""
    seen = set()
    for name, weight in model.state_dict().items():
        if (place := (weight.data_ptr(), weight.shape)) not in seen or not weight.numel():
            seen.add(place)
            yield name, weight.detach()

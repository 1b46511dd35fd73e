"""Low-rank adapters in a transformers model: merged into its weights, for good or for a while."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn


@contextlib.contextmanager
def merged(model: Any) -> Iterator[None]:
    """Within it a transformers model has plain layers with its adapters' products added; its adapters again after."""
    places = _adapted(model)
    if not places:
        yield
        return
    for parent, name, layer in places:
        setattr(parent, name, _plain(layer))
    flag, model._hf_peft_config_loaded = model._hf_peft_config_loaded, False
    try:
        yield
    finally:
        for parent, name, layer in places:
            setattr(parent, name, layer)
        model._hf_peft_config_loaded = flag


def merge_adapters(model: Any) -> None:
    """Merge adapters that a transformers model came with into its weights, for good."""
    places = _adapted(model)
    for parent, name, layer in places:
        setattr(parent, name, _plain(layer))
    if places:
        model._hf_peft_config_loaded = False
        del model.peft_config
        # An adapter freezes what it is added to.
        model.requires_grad_(True)


def _adapted(model: Any) -> list[tuple[nn.Module, str, Any]]:
    """Every layer with an adapter, where it hangs and by which name."""
    if not getattr(model, "_hf_peft_config_loaded", False):
        return []
    from peft.tuners.tuners_utils import BaseTunerLayer

    return [
        (parent, name, layer)
        for parent in model.modules()
        if not isinstance(parent, BaseTunerLayer)
        for name, layer in parent.named_children()
        if isinstance(layer, BaseTunerLayer)
    ]


def _plain(layer: Any) -> nn.Module:
    """A layer of its own with the adapter's product added to its weights, in the format of these."""
    base = layer.get_base_layer()
    plain: nn.Module = copy.copy(base)
    plain._parameters = dict(base._parameters)
    with torch.no_grad():
        weight: Tensor = base.weight.float()
        for name in layer.active_adapters:
            weight = weight + layer.get_delta_weight(name).float()
        plain.weight = nn.Parameter(weight.to(base.weight.dtype), requires_grad=False)
    return plain

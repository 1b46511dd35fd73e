"""Attention in which many rows share the keys and values of one prefix, which lie in memory once.

All queries of a batch meet the prefix in one matrix product, and their own keys row by row; the two
parts are joined exactly, under one softmax. Hydragen (Juravsky et al. 2024, arXiv 2402.05099,
section 3.1) and, for the join by log-sum-exp, flash attention (Dao et al. 2022, arXiv 2205.14135).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, PreTrainedModel

from inpars.models.language.transformers.slots import Slots

NAME = "inpars_shared_prefix"

_active: ContextVar[Slots] = ContextVar("slots")


@contextlib.contextmanager
def shared_prefix_attention(model: PreTrainedModel, slots: Slots) -> Iterator[None]:
    """Within the block, `model` attends to what `slots` holds; its own attention comes back after it."""
    own = model.config._attn_implementation
    token = _active.set(slots)
    # Under this name the library makes no mask: who may see whom follows from the slots alone.
    model.config._attn_implementation = NAME
    patched = [module for module in model.modules() if _computes_its_own(module)]
    for module in patched:
        module._attn = _Adapted(module)
    try:
        yield
    finally:
        for module in patched:
            del module._attn
        model.config._attn_implementation = own
        _active.reset(token)


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """An attention function of transformers' interface: (rows, tokens, heads, width) out.

    `query` is (rows, heads, tokens, width), and while rows are filled (1, heads, tokens of all rows, width); `key`
    and `value` are what the slots gave back, with the number of heads that the model keeps them in.
    """
    slots = _active.get()
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    prefix = slots.prefix(module.layer_idx)
    if slots.filling:
        attended = _fill(slots, query, key, value, prefix, scaling, softcap)
    else:
        attended = _step(query, key, value, prefix, slots.hidden(key), scaling, softcap)
    return attended.transpose(1, 2), None


AttentionInterface.register(NAME, attend)


def _step(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    hidden: Tensor,
    scaling: float,
    softcap: float | None,
) -> Tensor:
    """One token a row. The scores are few, so that both parts go through one plain softmax."""
    rows, heads, _, width = query.shape
    groups = key.shape[1]
    # Heads that share keys stand together: (rows, groups, heads of a group, width).
    query = query.reshape(rows, groups, heads // groups, width)
    # Keys first: a processor multiplies a matrix by one vector faster than a vector by a turned matrix.
    own = torch.matmul(key, query.transpose(-1, -2).to(key.dtype)).transpose(-1, -2).float()
    own = _capped(own * scaling, softcap).masked_fill_(hidden[:, None, None, :], float("-inf"))
    if prefix is None:
        weights = own.softmax(-1)
        shared = own[..., :0]
    else:
        together = query.transpose(0, 1).reshape(groups, -1, width)
        shared = torch.matmul(together, prefix[0].transpose(-1, -2)).float()
        shared = _capped(shared * scaling, softcap).view(groups, rows, heads // groups, -1).transpose(0, 1)
        weights = torch.cat([shared, own], dim=-1).softmax(-1)
    of_prefix, of_own = weights.split([shared.shape[-1], own.shape[-1]], dim=-1)
    attended = torch.matmul(of_own.to(value.dtype), value)
    if prefix is not None:
        of_prefix = of_prefix.transpose(0, 1).reshape(groups, together.shape[1], -1).to(query.dtype)
        from_prefix = torch.matmul(of_prefix, prefix[1]).view(groups, rows, heads // groups, -1)
        attended = attended + from_prefix.transpose(0, 1)
    return attended.reshape(rows, heads, 1, -1)


def _fill(
    slots: Slots,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    scaling: float,
    softcap: float | None,
) -> Tensor:
    """Many tokens a row, each seeing the prefix and its row's tokens up to itself, or those that `slots.mask` shows it.

    All tokens meet the prefix together. For their own rows joined ones are parted, and padded on the right, where no
    token of the row can see it, so that there need be no mask.
    """
    rows, heads, tokens, width = query.shape
    groups = key.shape[1]
    repeated = heads // groups
    own, own_lse = _with_lse(
        slots.parted(query),
        key.repeat_interleave(repeated, 1),
        value.repeat_interleave(repeated, 1),
        slots.mask is None,
        scaling,
        softcap,
        slots.mask,
    )
    own = slots.joined(own)
    if prefix is None:
        return own
    grouped = query.reshape(rows, groups, repeated, tokens, width).transpose(0, 1).reshape(1, groups, -1, width)
    shared, shared_lse = _with_lse(grouped, prefix[0][None], prefix[1][None], False, scaling, softcap)
    shared = shared.view(groups, rows, repeated, tokens, -1).transpose(0, 1).reshape(rows, heads, tokens, -1)
    shared_lse = shared_lse.view(groups, rows, repeated, tokens).transpose(0, 1).reshape(rows, heads, tokens)
    share = torch.sigmoid(shared_lse - slots.joined(own_lse))[..., None]
    return torch.lerp(own.float(), shared.float(), share).to(value.dtype)


def _with_lse(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    causal: bool,
    scaling: float,
    softcap: float | None,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Attention and the logarithm of its softmax's denominator, (rows, heads, tokens) in fp32.

    `mask` is added to the scores: 0 for what may be seen, minus infinity for the rest, (rows, 1, tokens, tokens).
    """
    if query.device.type == "cpu" and softcap is None and value.shape[-1] == key.shape[-1]:
        attended, lse = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, causal, attn_mask=None if mask is None else mask.to(query.dtype), scale=scaling
        )
        return attended, lse
    scores = _capped(torch.matmul(query, key.transpose(-1, -2)).float() * scaling, softcap)
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill_(later, float("-inf"))
    if mask is not None:
        scores = scores + mask
    lse = scores.logsumexp(-1)
    return torch.matmul((scores - lse[..., None]).exp_().to(value.dtype), value), lse


def _capped(scores: Tensor, softcap: float | None) -> Tensor:
    return scores if softcap is None else torch.tanh(scores / softcap) * softcap


def _computes_its_own(module: Any) -> bool:
    """GPT-J calls a method of its own where newer models call the attention interface."""
    return type(module).__name__ == "GPTJAttention"


class _Adapted:
    """`attend` in the form in which GPT-J calls its attention."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, mask: Any = None) -> tuple[Tensor, None]:
        attended, _ = attend(self._module, query, key, value, mask, scaling=1 / self._module.scale_attn)
        return attended.transpose(1, 2), None

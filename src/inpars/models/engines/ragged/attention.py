"""Attention within each input of a batch that lies end to end."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def self_attention(qkv: Tensor, heads: int, lengths: list[int], bias: Tensor | None = None) -> Tensor:
    """Attention of every token to the tokens of its own input.

    `qkv` is (tokens, 3 * heads * size), queries, keys and values side by side; products are taken as
    they are, and `bias`, shape (heads, longest, longest), is added to them. Returns (tokens, heads * size).
    """
    tokens = qkv.shape[0]
    split = qkv.view(tokens, 3, heads, -1)
    result = torch.empty(tokens, heads, split.shape[3], dtype=qkv.dtype)
    start = 0
    for length in lengths:
        end = start + length
        query, key, value = split[start:end].permute(1, 2, 0, 3)
        mask = None if bias is None else bias[:, :length, :length]
        if qkv.dtype == torch.bfloat16:
            # torch's fused attention multiplies bf16 no faster than fp32 on a processor; plain products are.
            products = (
                torch.bmm(query, key.transpose(1, 2))
                if mask is None
                else torch.baddbmm(mask, query, key.transpose(1, 2))
            )
            attended = torch.bmm(torch.softmax(products, -1), value)
        else:
            attended = scaled_dot_product_attention(
                query[None], key[None], value[None], attn_mask=None if mask is None else mask[None], scale=1.0
            )[0]
        result[start:end] = attended.transpose(0, 1)
        start = end
    return result.view(tokens, -1)


def pooled_attention(query: Tensor, key: Tensor, value: Tensor, hidden: Tensor, lengths: list[int]) -> Tensor:
    """Attention of one query an input to that input's hidden states, keys and values never computed.

    With `k = K h` and `v = V h`, `q k = (q K) h` and `sum(a v) = V sum(a h)`: the two projections of
    every token become two of every input. Biases need no care: a key's shifts all products
    alike, a value's is added by the caller. `query` is (inputs, heads, size), `key` and `value` are
    weights of shape (heads, size, width), `hidden` is (tokens, width); all fp32. Returns
    (inputs, heads * size). The products are taken as they are: scale the query first where it must be.
    """
    turned = torch.einsum("nhs,hsw->nhw", query, key)
    sums = torch.empty_like(turned)
    start = 0
    for place, length in enumerate(lengths):
        states = hidden[start : start + length]
        torch.mm(torch.softmax(turned[place] @ states.T, -1), states, out=sums[place])
        start += length
    return torch.einsum("nhw,hsw->nhs", sums, value).flatten(1)

"""Linear layers by oneDNN's own operators: weights laid out once in the order in which it multiplies them."""

from __future__ import annotations

import torch
from torch import Tensor


def multiplies(dtype: torch.dtype) -> bool:
    """Whether oneDNN is there and multiplies this format natively on this processor (int8: with VNNI)."""
    if not torch.backends.mkldnn.is_available():
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    if dtype == torch.float16:
        return bool(torch.ops.mkldnn._is_mkldnn_fp16_supported())
    return dtype != torch.int8 or bool(torch.cpu._is_vnni_supported())


def packed(weight: Tensor) -> Tensor:
    """A weight of shape (outputs, inputs) laid out for `linear`."""
    laid_out: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), None)
    return laid_out


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None, activation: str = "none", variant: str = "") -> Tensor:
    """`activation(rows W^T + bias)` for a `packed` weight; `variant` is "none" or "tanh" for "gelu"."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, activation, [], variant)
    return product

"""A loaded model made faster on a processor, its results the same but for rounding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.activations import NewGELUActivation
from transformers.pytorch_utils import Conv1D


class PackedLinear(nn.Module):  # type: ignore[misc]
    """A linear layer whose weights lie in the order in which oneDNN multiplies them."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.out_features = weight.shape[0]
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
        self.bias = bias

    def forward(self, values: Tensor) -> Tensor:
        """As `nn.Linear`."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(values, self.packed, self.bias, "none", [], "")
        return product


def pack(model: PreTrainedModel) -> None:
    """Replace every linear layer by a packed one, and GPT-2's activation by its fused form.

    Works in place, for inference only. Does nothing where torch comes without oneDNN, or the
    processor without the number format.
    """
    if not torch.backends.mkldnn.is_available() or not _multiplies(model.dtype):
        return
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear:
                setattr(parent, name, PackedLinear(child.weight.detach(), child.bias))
            elif type(child) is Conv1D:
                setattr(parent, name, PackedLinear(child.weight.detach().t(), child.bias))
            elif isinstance(child, NewGELUActivation):
                setattr(parent, name, nn.GELU(approximate="tanh"))


def _multiplies(dtype: torch.dtype) -> bool:
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    if dtype == torch.float16:
        return bool(torch.ops.mkldnn._is_mkldnn_fp16_supported())
    return True

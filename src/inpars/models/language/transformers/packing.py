"""A loaded model made faster on a processor, its results the same but for rounding."""

from __future__ import annotations

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.activations import NewGELUActivation
from transformers.pytorch_utils import Conv1D

from inpars.models.onednn import linear, multiplies, packed


class PackedLinear(nn.Module):  # type: ignore[misc]
    """A linear layer whose weights lie in the order in which oneDNN multiplies them."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.out_features = weight.shape[0]
        self.packed = packed(weight)
        self.bias = bias

    def forward(self, values: Tensor) -> Tensor:
        """As `nn.Linear`."""
        return linear(values, self.packed, self.bias)


def pack(model: PreTrainedModel) -> None:
    """Replace every linear layer by a packed one, and GPT-2's activation by its fused form.

    Works in place, for inference only. Does nothing where torch comes without oneDNN, or the
    processor without the number format.
    """
    if not multiplies(model.dtype):
        return
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear:
                setattr(parent, name, PackedLinear(child.weight.detach(), child.bias))
            elif type(child) is Conv1D:
                setattr(parent, name, PackedLinear(child.weight.detach().t(), child.bias))
            elif isinstance(child, NewGELUActivation):
                setattr(parent, name, nn.GELU(approximate="tanh"))

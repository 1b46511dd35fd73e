"""Linear layers whose weights lie in the order in which oneDNN multiplies them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from inpars.models.engines import Unsuitable
from inpars.models.onednn import linear, multiplies, packed

Format = Literal["bf16", "fp32", "int8"]
Activation = Literal["none", "relu", "gelu", "gelu-tanh"]

_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32, "int8": torch.int8}
_POST = {"none": ("none", ""), "relu": ("relu", ""), "gelu": ("gelu", "none"), "gelu-tanh": ("gelu", "tanh")}
_ACTIVATIONS: dict[str, Activation] = {"relu": "relu", "gelu": "gelu", "gelu_new": "gelu-tanh"}


class Linear:
    """`activation(x W^T + b)` for fp32 rows `x`, multiplied in `format`.

    bf16 and int8 layers return bf16. int8 weights have a scale for each output, activations one for
    all of them that is found anew for each batch (dynamic quantisation).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, format: Format, activation: Activation = "none") -> None:
        weight = weight.detach().float()
        self.bias = None if bias is None else bias.detach().float()
        self.format = format
        self.post, self.algorithm = _POST[activation]
        if format == "int8":
            self.scales = (weight.abs().amax(1) / 127).clamp(min=1e-12)
            rounded = (weight / self.scales[:, None]).round().to(torch.int8)
            self.zeros = torch.zeros(len(weight), dtype=torch.int64)
            self.packed = torch.ops.onednn.qlinear_prepack(rounded, None)
        elif format == "bf16":
            self.packed = packed(weight.bfloat16())
            self.bias = None if self.bias is None else self.bias.bfloat16()
        else:
            self.packed = packed(weight)

    def __call__(self, rows: Tensor) -> Tensor:
        """The layer's outputs for `rows`, shape (rows, inputs)."""
        if self.format == "int8":
            return self._int8(rows)
        if self.format == "bf16":
            rows = rows.bfloat16()
        return linear(rows, self.packed, self.bias, self.post, self.algorithm)

    def _int8(self, rows: Tensor) -> Tensor:
        low, high = torch.aminmax(rows)
        scale = max(float(-low), float(high), 1e-12) / 127
        # Symmetric about 128, so that no sums of the weights have to be taken off.
        whole = rows.mul(1 / scale).add_(128.5).to(torch.uint8)
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, scale, 128, self.packed, self.scales, self.zeros, self.bias,
            1.0, 0, torch.bfloat16, self.post, [], self.algorithm,
        )  # fmt: skip
        return product


def activation_of(name: str) -> Activation:
    """The activation that transformers calls `name`; `Unsuitable` where a layer cannot be fused with it."""
    if name not in _ACTIVATIONS:
        raise Unsuitable(f"the activation {name!r} is not at hand")
    return _ACTIVATIONS[name]


def check(format: Format) -> None:
    """`Unsuitable` where torch or the processor cannot multiply in `format`."""
    if not multiplies(_DTYPES[format]):
        raise Unsuitable(f"oneDNN is not there, or does not multiply {format} on this processor")

"""Each passage on its own: is it relevant?"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def pointwise(scores: Tensor, labels: Tensor, teacher: Tensor | None = None, temperature: float = 1.0) -> Tensor:
    """Binary cross-entropy of the scores as logits, averaged over all passages."""
    return binary_cross_entropy_with_logits(scores, labels)

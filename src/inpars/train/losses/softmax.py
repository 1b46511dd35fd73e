"""The positive against the negatives of its own query."""

from __future__ import annotations

from torch import Tensor


def softmax(scores: Tensor, labels: Tensor, teacher: Tensor | None = None, temperature: float = 1.0) -> Tensor:
    """Cross-entropy of a query's labels, made to sum to 1, with the softmax over its scores.

    RankT5's softmax loss (Zhuang et al. 2022, arXiv 2210.10634).
    """
    targets = labels / labels.sum(dim=1, keepdim=True)
    return -(targets * scores.log_softmax(dim=1)).sum(dim=1).mean()

"""What training minimises: one function a loss, all of the same shape."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from inpars.registry import Registry


class LossFunction(Protocol):
    """A loss of a batch of queries, each with the same number of passages."""

    def __call__(self, scores: Tensor, labels: Tensor, teacher: Tensor | None, temperature: float) -> Tensor:
        """A scalar from `scores` and `labels` (1 relevant, 0 not), both fp32 of shape (queries, passages).

        `teacher` holds another model's scores in the same shape where the loss distils, else None.
        Every query has the same weight, so that a step may be taken in parts of equal size.
        """
        ...


LOSSES: Registry[LossFunction] = Registry(
    "loss",
    {
        "pointwise": "inpars.train.losses.pointwise:pointwise",
        "softmax": "inpars.train.losses.softmax:softmax",
        "margin-mse": "inpars.train.losses.margin_mse:margin_mse",
        "kl": "inpars.train.losses.kl:kl",
    },
)


def loss_function(config: Any) -> LossFunction:
    """The loss that a `TrainConfig` names."""
    return LOSSES[config.loss]

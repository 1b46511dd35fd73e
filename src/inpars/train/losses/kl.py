"""The teacher's whole distribution over a query's passages."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import kl_div


def kl(scores: Tensor, labels: Tensor, teacher: Tensor | None = None, temperature: float = 1.0) -> Tensor:
    """Kullback-Leibler divergence of the softmax over a query's scores from the teacher's, averaged over queries.

    Both softmaxes have the `temperature`, and the loss its square, so that gradients keep their size
    (Hinton et al. 2015, arXiv 1503.02531). Labels play no part.
    """
    assert teacher is not None
    student = (scores / temperature).log_softmax(dim=1)
    target = (teacher / temperature).log_softmax(dim=1)
    return kl_div(student, target, log_target=True, reduction="batchmean") * temperature**2

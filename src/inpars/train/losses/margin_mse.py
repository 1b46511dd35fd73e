"""As far above its negatives as the teacher puts the positive."""

from __future__ import annotations

from torch import Tensor


def margin_mse(scores: Tensor, labels: Tensor, teacher: Tensor | None = None, temperature: float = 1.0) -> Tensor:
    """Mean squared error of the margins between relevant and other passages, against the teacher's.

    Hofstätter et al. 2020 (arXiv 2010.02666). Only margins count: a teacher on another zero point is
    as good, one on another scale teaches that scale.
    """
    assert teacher is not None
    error = scores - teacher
    # The difference of two margins is the difference of two errors.
    margins = error[:, :, None] - error[:, None, :]
    pairs = (labels[:, :, None] > labels[:, None, :]).to(margins.dtype)
    return ((margins**2 * pairs).sum(dim=(1, 2)) / pairs.sum(dim=(1, 2))).mean()

"""Whether a difference between two systems is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Difference(NamedTuple):
    """The mean paired difference of two systems, its p-value and its confidence interval."""

    delta: float
    p_value: float
    ci_low: float
    ci_high: float


def compare(
    system: np.ndarray, baseline: np.ndarray, *, permutations: int, bootstraps: int, confidence: float, seed: int
) -> Difference:
    """Two-sided paired randomisation test and percentile bootstrap interval of `mean(system - baseline)`.

    Smucker, Allan and Carterette (CIKM 2007) recommend both for retrieval. Both arrays hold one
    value a query, in the same order. With fewer than two queries, or no difference anywhere, the
    p-value is 1 and the interval is the difference itself.
    """
    differences = system - baseline
    delta = float(differences.mean())
    if len(differences) < 2 or not differences.any():
        return Difference(delta, 1.0, delta, delta)
    test = stats.permutation_test(
        (differences,),
        _mean,
        permutation_type="samples",
        n_resamples=permutations,
        vectorized=True,
        batch=1000,
        rng=np.random.default_rng(seed),
    )
    interval = stats.bootstrap(
        (differences,),
        _mean,
        n_resamples=bootstraps,
        confidence_level=confidence,
        method="percentile",
        vectorized=True,
        batch=1000,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Difference(delta, float(test.pvalue), float(interval.low), float(interval.high))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of several p-values (Holm 1979), in the order given."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def _mean(sample: np.ndarray, axis: int = -1) -> np.ndarray:
    means: np.ndarray = np.mean(sample, axis=axis)
    return means

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from inpars.evaluate.significance import Difference, compare, holm

OPTIONS: dict[str, Any] = {"permutations": 9_999, "bootstraps": 9_999, "confidence": 0.95, "seed": 1}


def exhaustive(differences: np.ndarray) -> float:
    """The share of all sign patterns whose mean is at least as far from zero."""
    means = [abs(np.mean(differences * np.array(signs))) for signs in product((1, -1), repeat=len(differences))]
    return float(np.mean(np.array(means) >= abs(differences.mean()) - 1e-12))


@pytest.mark.parametrize("seed", range(5))
def test_with_eight_queries_the_p_value_is_that_of_all_sign_patterns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    system, baseline = rng.random(8).round(2) + 0.1 * seed, rng.random(8).round(2)
    assert compare(system, baseline, **OPTIONS).p_value == pytest.approx(exhaustive(system - baseline))


def test_with_more_patterns_than_permutations_the_p_value_is_near_that_of_all() -> None:
    rng = np.random.default_rng(2)
    system, baseline = rng.random(15) + 0.1, rng.random(15)
    exact = exhaustive(system - baseline)
    # Five standard deviations of a share of 9,999 draws, doubled for the two sides, are below 0.05.
    assert compare(system, baseline, **OPTIONS).p_value == pytest.approx(exact, abs=0.05)
    assert 0.01 < exact < 0.99


def test_the_smallest_p_value_is_never_zero() -> None:
    rng = np.random.default_rng(2)
    found = compare(rng.random(200) + 5, rng.random(200), **OPTIONS)
    assert 0 < found.p_value <= 2 / 9_999


def test_swapping_the_two_systems_turns_the_difference_round() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.random(9), rng.random(9)
    there, back = compare(one, other, **OPTIONS), compare(other, one, **OPTIONS)
    assert back.delta == -there.delta
    assert back.p_value == pytest.approx(there.p_value)
    assert (back.ci_low, back.ci_high) == pytest.approx((-there.ci_high, -there.ci_low), abs=0.01)


def test_the_interval_covers_the_difference_and_is_as_wide_as_theory_says() -> None:
    widths = {}
    for n in (50, 200, 5000):
        differences = np.random.default_rng(4).normal(0.05, 0.2, n)
        found = compare(differences, np.zeros(n), **OPTIONS)
        assert found.ci_low < found.delta < found.ci_high
        assert found.delta == pytest.approx(differences.mean())
        widths[n] = found.ci_high - found.ci_low
        assert widths[n] == pytest.approx(2 * 1.96 * differences.std() / np.sqrt(n), rel=0.1)
    assert widths[50] > widths[200] > widths[5000]


def test_more_confidence_needs_a_wider_interval() -> None:
    differences, zeros = np.random.default_rng(4).normal(0.05, 0.2, 60), np.zeros(60)
    narrow, wide = (compare(differences, zeros, **OPTIONS | {"confidence": c}) for c in (0.8, 0.99))
    assert wide.ci_low < narrow.ci_low < narrow.ci_high < wide.ci_high
    assert wide.p_value == narrow.p_value


def test_identical_systems_differ_by_nothing_with_p_one() -> None:
    values = np.array([0.1, 0.9, 0.4])
    assert compare(values, values.copy(), **OPTIONS) == Difference(0.0, 1.0, 0.0, 0.0)


def test_one_query_proves_nothing() -> None:
    assert compare(np.array([0.9]), np.array([0.1]), **OPTIONS) == Difference(pytest.approx(0.8), 1.0, 0.8, 0.8)


def test_the_same_gain_on_every_query_has_an_interval_of_no_width() -> None:
    # Two of the 2^5 sign patterns are as extreme: all plus and all minus.
    assert compare(np.ones(5), np.zeros(5), **OPTIONS) == Difference(1.0, pytest.approx(2 / 32), 1.0, 1.0)


def test_the_same_seed_gives_the_same_figures() -> None:
    rng = np.random.default_rng(5)
    system, baseline = rng.random(40), rng.random(40)
    assert compare(system, baseline, **OPTIONS) == compare(system, baseline, **OPTIONS)
    assert compare(system, baseline, **OPTIONS) != compare(system, baseline, **OPTIONS | {"seed": 2})


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.04], [0.04]),
        # 0.01 x 3, 0.03 x 2, then 0.04 x 1 raised to the one before it.
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        # 0.005 x 4, 0.011 x 3, 0.02 x 2, 0.04 x 1.
        ([0.02, 0.005, 0.04, 0.011], [0.04, 0.02, 0.04, 0.033]),
        ([0.6, 0.5], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
    ],
)
def test_holm_as_worked_out_by_hand(p_values: list[float], adjusted: list[float]) -> None:
    assert holm(p_values) == pytest.approx(adjusted)

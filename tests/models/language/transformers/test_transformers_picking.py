"""Which token is drawn, and its log-probability, from logits that are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from inpars.models.language.transformers import picking
from inpars.models.language.transformers.picking import pick

PROBABILITIES = (0.05, 0.4, 0.0, 0.25, 0.1, 0.2)
LAST = math.nextafter(1.0, 0.0)


def logits_of(*probabilities: float, rows: int = 1) -> torch.Tensor:
    return torch.tensor([probabilities] * rows).log()


def draw(draws: Any, logits: torch.Tensor, temperature: float = 1.0, top_p: float = 1.0) -> list[int]:
    numbers = torch.tensor(np.asarray(draws))
    chosen: list[int] = pick(logits.expand(len(numbers), -1), numbers, temperature, top_p)[0].tolist()
    return chosen


def test_greedy_takes_the_likeliest_and_tells_its_log_probability() -> None:
    logits = torch.stack([logits_of(*PROBABILITIES)[0] + 3.0, logits_of(*reversed(PROBABILITIES))[0] - 700.0])
    chosen, log_probs = pick(logits, None, 0.0, 1.0)
    assert chosen.tolist() == [1, 4]
    assert log_probs.tolist() == pytest.approx([math.log(0.4)] * 2, abs=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_tokens_are_drawn_as_often_as_they_are_likely(temperature: float) -> None:
    numbers = (np.arange(10_000) + 0.5) / 10_000
    counts = np.bincount(draw(numbers, logits_of(*PROBABILITIES), temperature), minlength=6)
    weights = np.asarray(PROBABILITIES) ** (1 / temperature)
    assert counts / 10_000 == pytest.approx(weights / weights.sum(), abs=2e-4)


@pytest.mark.parametrize(
    ("top_p", "nucleus"),
    [
        (0.01, {1}),
        (0.39, {1}),
        (0.41, {1, 3}),
        (0.64, {1, 3}),
        (0.66, {1, 3, 5}),
        (0.84, {1, 3, 5}),
        (0.86, {1, 3, 5, 4}),
    ],
)
def test_top_p_keeps_the_fewest_tokens_that_have_it_together(top_p: float, nucleus: set[int]) -> None:
    numbers = (np.arange(4_000) + 0.5) / 4_000
    counts = np.bincount(draw(numbers, logits_of(*PROBABILITIES), top_p=top_p), minlength=6)
    kept = np.asarray([p if token in nucleus else 0.0 for token, p in enumerate(PROBABILITIES)])
    assert counts / 4_000 == pytest.approx(kept / kept.sum(), abs=5e-4)


@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.3])
@pytest.mark.parametrize("probabilities", [PROBABILITIES, (0.0, 0.5, 0.5, 0.0), (0.0, 1.0, 0.0), (1 / 3, 1 / 3, 1 / 3)])
def test_draws_at_the_very_ends_take_tokens_that_are_possible(probabilities: tuple[float, ...], top_p: float) -> None:
    for token in draw([0.0, 5e-324, 1e-300, LAST, 1 - 1e-16], logits_of(*probabilities), top_p=top_p):
        assert probabilities[token] > 0


def test_log_probs_of_what_is_drawn_are_those_before_temperature_and_top_p() -> None:
    logits = logits_of(*PROBABILITIES, rows=50)
    chosen, log_probs = pick(logits, torch.linspace(0, 0.99, 50).double(), 0.3, 0.95)
    assert len(set(chosen.tolist())) > 2
    expected = [math.log(PROBABILITIES[token]) for token in chosen.tolist()]
    assert log_probs.tolist() == pytest.approx(expected, abs=1e-5)


def test_a_number_picks_the_same_token_whatever_rows_stand_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # One row's nucleus lies within the tokens looked at first, another's does not; many tokens are tied.
    monkeypatch.setattr(picking, "_LIKELIEST", 8)
    generator = torch.Generator().manual_seed(0)
    peaked = (torch.rand(64, generator=generator) * 3).round() * 4
    flat = (torch.rand(64, generator=generator) * 2).round() / 4
    numbers = torch.rand(40, generator=generator, dtype=torch.double)
    rows = torch.stack([peaked if i % 2 else flat for i in range(40)])
    together = pick(rows, numbers, 1.0, 0.9)[0].tolist()
    alone = [int(pick(rows[i : i + 1], numbers[i : i + 1], 1.0, 0.9)[0]) for i in range(40)]
    assert together == alone
    assert len(set(together[::2])) > 8 >= len(set(together[1::2]))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_number_formats_are_widened_before_anything_is_summed(dtype: torch.dtype) -> None:
    logits = torch.zeros(1, 5000, dtype=dtype)
    chosen, log_probs = pick(logits, torch.tensor([0.5]).double(), 1.0, 1.0)
    assert chosen.tolist() == [2500]
    assert log_probs.tolist() == pytest.approx([-math.log(5000)], abs=1e-5)

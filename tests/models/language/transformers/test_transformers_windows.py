"""How many prompts are answered together: as many as a kill may cost, on this device, with this model."""

from __future__ import annotations

import pytest
from transformers import AutoConfig

from inpars.models.language.transformers.windows import parameters, prompts_in_window

SMALL = AutoConfig.for_model(
    "llama", hidden_size=576, num_hidden_layers=30, num_attention_heads=9, intermediate_size=1536, vocab_size=49152
)
LARGE = AutoConfig.for_model("llama", hidden_size=4096, num_hidden_layers=32, vocab_size=128256)
TINY = AutoConfig.for_model("gpt2", n_embd=32, n_layer=2, n_head=4)


def test_parameters_are_about_those_of_the_model() -> None:
    assert parameters(SMALL) == pytest.approx(134.5e6, rel=0.15)
    assert parameters(LARGE) == pytest.approx(7.5e9, rel=0.15)


def test_a_processor_gets_windows_of_seconds_and_never_less_than_a_prompt() -> None:
    assert 12 <= prompts_in_window(SMALL, "cpu", n=1, new_tokens=64) <= 24
    assert prompts_in_window(SMALL, "cpu", n=50, new_tokens=64) == 1
    assert prompts_in_window(LARGE, "cpu", n=8, new_tokens=64) == 1


def test_a_gpu_gets_more_and_nobody_more_than_a_thousand_rows() -> None:
    for device in ("cuda", "cuda:1", "auto"):
        assert prompts_in_window(SMALL, device, n=8, new_tokens=64) == 125
        assert 100 < prompts_in_window(LARGE, device, n=1, new_tokens=64) < 1000
    assert prompts_in_window(TINY, "cpu", n=1, new_tokens=64) == 1000
    assert prompts_in_window(TINY, "cpu", n=2000, new_tokens=64) == 1


def test_longer_answers_make_smaller_windows() -> None:
    sizes = [prompts_in_window(SMALL, "cpu", n=1, new_tokens=tokens) for tokens in (16, 64, 256, 1024)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4

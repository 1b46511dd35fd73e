"""Attention over a shared prefix and each row's own tokens, against plain attention over both together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny_models import ENDS, PREFIX, Library, ask, load
from torch import Tensor

from inpars.models.language.transformers.prefix_attention import NAME, attend, shared_prefix_attention
from inpars.models.language.transformers.slots import Slots

Make = Callable[..., Path]
Ask = Callable[[Path], Library]

LAYER = SimpleNamespace(layer_idx=0)


def plain(query: Tensor, key: Tensor, value: Tensor, scaling: float, softcap: float | None) -> Tensor:
    """The last tokens' attention to all tokens up to them: (heads, tokens, width) each; keys in fewer heads."""
    repeated = query.shape[0] // key.shape[0]
    key, value = key.repeat_interleave(repeated, 0), value.repeat_interleave(repeated, 0)
    scores = query @ key.transpose(-1, -2) * scaling
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1 + key.shape[1] - query.shape[1])
    return scores.masked_fill(later, float("-inf")).softmax(-1) @ value


@pytest.fixture
def any_model(make_model: Make, library: Ask) -> Any:
    return library(make_model("llama")).model


@pytest.mark.parametrize("softcap", [None, 1.5])
@pytest.mark.parametrize("prefix", [0, 1, 21])
@pytest.mark.parametrize(("heads", "groups"), [(4, 4), (6, 2), (4, 1)])
@pytest.mark.parametrize("wider", [0, 3], ids=["", "values wider than keys"])
def test_shared_prefix_attention_is_exact(
    heads: int, groups: int, prefix: int, softcap: float | None, wider: int, any_model: Any
) -> None:
    torch.manual_seed(prefix)
    lengths, width, scaling = [5, 2, 3], 8, 0.7
    new = lambda rows, of, tokens, extra=0: torch.randn(rows, of, tokens, width + extra) * 2  # noqa: E731
    slots = Slots(4, 10)
    shared = new(1, groups, prefix), new(1, groups, prefix, wider)
    if prefix:
        slots.record_prefix(tuple(range(prefix)))
        slots.update(*shared, 0)
    seen = [(shared[0][0], shared[1][0])] * 3

    def call(counts: list[int], filling: bool) -> None:
        """Write so many tokens of every row, joined while they are filled; compare what each of them is given."""
        shape = (1, sum(counts)) if filling else (3, 1)
        query, key, value = (
            new(shape[0], of, shape[1], more) for of, more in ((heads, 0), (groups, 0), (groups, wider))
        )
        with shared_prefix_attention(any_model, slots):
            held = slots.update(key, value, 0)
            found, _ = attend(LAYER, query, *held, None, scaling=scaling, softcap=softcap)
        rows = [each[0].split(counts, 1) if filling else each.unbind() for each in (query, key, value)]
        answers = found[0].split(counts) if filling else found.unbind()
        for row, (asked, *now) in enumerate(zip(*rows, strict=True)):
            joined = [torch.cat(pair, 1) for pair in zip(seen[row], now, strict=True)]
            expected = plain(asked, joined[0], joined[1], scaling, softcap)
            torch.testing.assert_close(answers[row].transpose(0, 1), expected, atol=2e-5, rtol=1e-4)
            seen[row] = joined[0], joined[1]

    slots.fill(lengths)
    call(lengths, filling=True)
    for _ in range(3):
        slots.step()
        call([1, 1, 1], filling=False)


def test_huge_numbers_in_unused_places_change_nothing(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_model("llama")
    prompts = [PREFIX + end for end in ENDS]
    expected = [answer.completions for answer in ask(load(folder, batch_tokens=120), prompts, max_new_tokens=8)]
    store = Slots._store
    monkeypatch.setattr(Slots, "_store", lambda slots, *given: store(slots, *given).fill_(1e30))
    found = [answer.completions for answer in ask(load(folder, batch_tokens=120), prompts, max_new_tokens=8)]
    assert found == expected


@pytest.mark.parametrize("shape", ["llama", "gptj"])
def test_a_model_has_its_own_attention_back_after_use_and_after_an_error(
    shape: str, make_model: Make, library: Ask
) -> None:
    model = library(make_model(shape)).model
    own = model.config._attn_implementation
    expected = library(make_model(shape)).greedy(PREFIX, 8)
    with shared_prefix_attention(model, Slots(1, 1)):
        assert model.config._attn_implementation == NAME
    with pytest.raises(ZeroDivisionError), shared_prefix_attention(model, Slots(1, 1)):
        1 / 0  # noqa: B018
    assert model.config._attn_implementation == own != NAME
    assert not any("_attn" in vars(module) for module in model.modules())
    assert library(make_model(shape)).greedy(PREFIX, 8) == expected

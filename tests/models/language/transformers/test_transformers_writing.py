"""Which decoder writes with a model, and how much it takes at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import ENDS, PREFIX, Library, ask, load, only

from inpars.models.language.transformers import writing
from inpars.models.language.transformers.decoding import Decoder
from inpars.models.language.transformers.plain import PlainDecoder
from inpars.models.language.transformers.windows import parameters

Make = Callable[..., Path]
Ask = Callable[[Path], Library]

TEXTS = [PREFIX + end for end in ENDS]


@pytest.mark.parametrize("shape", ["gpt2", "llama", "gptj"])
def test_without_a_shared_prefix_the_same_is_written(shape: str, make_model: Make, library: Ask) -> None:
    folder = make_model(shape)
    model = load(folder, share_prefix=False, batch_tokens=200)
    for text, answer in zip(TEXTS, ask(model, TEXTS, max_new_tokens=8), strict=True):
        expected = library(folder).greedy(text, 8)
        assert only(answer).token_ids == expected[: len(only(answer).token_ids)]
        assert answer.completion_tokens == len(expected)
        assert answer.cached_tokens == 0
    assert isinstance(model.writer, PlainDecoder)


@pytest.mark.parametrize("spoilt", [RuntimeError, TypeError, AttributeError, ValueError])
def test_a_model_that_cannot_be_run_with_a_shared_prefix_is_run_plainly_and_one_is_told(
    spoilt: type[Exception], make_model: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any) -> Any:
        raise spoilt("no such thing")

    monkeypatch.setattr(Decoder, "last_logits", fail)
    assert isinstance(load(make_model("llama")).writer, PlainDecoder)
    assert "LlamaForCausalLM writes without a shared prefix" in capsys.readouterr().err


def test_a_model_that_gives_other_logits_with_a_shared_prefix_is_run_plainly(
    make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Decoder.last_logits
    monkeypatch.setattr(Decoder, "last_logits", lambda *args: right(*args) * 1.01)
    assert isinstance(load(make_model("llama")).writer, PlainDecoder)
    monkeypatch.setattr(Decoder, "last_logits", lambda *args: right(*args) * float("nan"))
    assert isinstance(load(make_model("llama")).writer, PlainDecoder)


@pytest.mark.parametrize("shape", ["mistral", "gemma2"])
def test_windows_wider_than_what_is_tried_out_are_known_from_the_configuration(
    shape: str, make_model: Make, library: Ask
) -> None:
    folder = make_model(shape, sliding_window=40)
    model = load(folder)
    assert isinstance(model.writer, PlainDecoder)
    for text, answer in zip(TEXTS, ask(model, TEXTS, max_new_tokens=6), strict=True):
        assert answer.prompt_tokens > 24
        assert answer.completion_tokens == len(library(folder).greedy(text, 6))
        assert only(answer).token_ids == library(folder).greedy(text, 6)[: len(only(answer).token_ids)]


def test_layers_that_the_configuration_calls_anything_but_full_attention_share_no_prefix(
    make_model: Make, library: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = library(make_model("llama")).model
    monkeypatch.setattr(model.config, "layer_types", ["full_attention"] * 2, raising=False)
    assert writing.shares_prefix(model)
    monkeypatch.setattr(model.config, "layer_types", ["full_attention", "chunked_attention"])
    assert not writing.shares_prefix(model)


@pytest.mark.parametrize("shape", ["llama", "mistral"])
def test_a_batch_holds_no_more_tokens_than_it_may(
    shape: str, make_model: Make, monkeypatch: pytest.MonkeyPatch, bpe: Any
) -> None:
    model = load(make_model(shape), batch_tokens=180)
    rows = []
    forward = model.writer.model.forward

    def count(*args: Any, **kwargs: Any) -> Any:
        rows.append(len(kwargs["input_ids"]))
        return forward(*args, **kwargs)

    monkeypatch.setattr(model.writer.model, "forward", count)
    texts = ["wing and heat"] * 20
    length = len(bpe(texts[0])["input_ids"]) + 10
    ask(model, texts, max_new_tokens=10)
    assert max(rows) == 180 // length < 20


def test_without_a_figure_the_machines_memory_says_how_much_a_batch_holds(
    make_model: Make, monkeypatch: pytest.MonkeyPatch, library: Ask
) -> None:
    model = library(make_model("llama")).model
    cpu = torch.device("cpu")
    weights = 4 * parameters(model.config)
    # Keys and values of 2 layers, 2 groups of 8, 4 bytes each: 256 bytes a token.
    sizes = {"SC_PHYS_PAGES": 3 * 256 * 10_000 + weights, "SC_PAGE_SIZE": 1, "SC_AVPHYS_PAGES": 5}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert writing._tokens_that_fit(model, cpu) == 10_000
    sizes["SC_AVPHYS_PAGES"] = 5_000
    assert writing._tokens_that_fit(model, cpu) == 10_000, "what is free just now says nothing"
    sizes["SC_PHYS_PAGES"] = 1
    assert writing._tokens_that_fit(model, cpu) == 1024
    # Windows has no such names.
    monkeypatch.setattr(os, "sysconf_names", {})
    assert writing._tokens_that_fit(model, cpu) > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("share_prefix", [True, False])
@pytest.mark.filterwarnings("default")
def test_a_compiled_model_writes_the_same(share_prefix: bool, make_model: Make) -> None:
    folder = make_model("llama")
    expected = [only(answer).token_ids for answer in ask(load(folder), TEXTS, max_new_tokens=4)]
    compiled = load(folder, compile=True, share_prefix=share_prefix)
    assert [only(answer).token_ids for answer in ask(compiled, TEXTS, max_new_tokens=4)] == expected

"""Packed layers compute what the layers they replace compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_models import PREFIX, Library, load
from torch import nn
from transformers.activations import NewGELUActivation
from transformers.pytorch_utils import Conv1D

from inpars.models.language.transformers import packing
from inpars.models.language.transformers.packing import PackedLinear, pack

Make = Callable[..., Path]

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch comes without oneDNN")


def holder(child: nn.Module) -> nn.Module:
    """A model of one layer, as far as packing looks at it."""
    model = nn.Module()
    model.layer = child
    model.dtype = torch.float32
    return model


@needs_onednn
@pytest.mark.parametrize("shape", [(7, 13), (1, 5), (33, 1), (64, 64)])
@pytest.mark.parametrize("inputs", [(1,), (5,), (2, 3), (1, 1), (17, 9)])
@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_a_packed_linear_layer_is_the_linear_layer(shape: tuple[int, int], inputs: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(*shape, bias=bias)
    values = torch.randn(*inputs, shape[0])
    model = holder(linear)
    pack(model)
    assert isinstance(model.layer, PackedLinear)
    assert model.layer.out_features == shape[1]
    torch.testing.assert_close(model.layer(values), linear(values), atol=1e-5, rtol=1e-5)


@needs_onednn
@torch.inference_mode()
def test_a_packed_conv1d_of_gpt2_is_the_conv1d() -> None:
    torch.manual_seed(0)
    layer = Conv1D(13, 7)
    nn.init.normal_(layer.bias)
    model = holder(layer)
    pack(model)
    assert isinstance(model.layer, PackedLinear)
    for inputs in ((4,), (2, 3), (1, 1)):
        values = torch.randn(*inputs, 7)
        torch.testing.assert_close(model.layer(values), layer(values), atol=1e-5, rtol=1e-5)


@needs_onednn
@torch.inference_mode()
def test_the_fused_activation_is_that_of_gpt2() -> None:
    model = holder(NewGELUActivation())
    values = torch.linspace(-9, 9, 1001)
    expected = model.layer(values)
    pack(model)
    assert isinstance(model.layer, nn.GELU)
    torch.testing.assert_close(model.layer(values), expected, atol=1e-6, rtol=1e-5)


@needs_onednn
@torch.inference_mode()
def test_layers_that_only_derive_from_linear_are_left_alone() -> None:
    class Other(nn.Linear):  # type: ignore[misc]
        pass

    model = holder(Other(3, 3))
    pack(model)
    assert type(model.layer) is Other


def test_a_number_format_that_the_processor_does_not_multiply_is_left_unpacked(
    make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "multiplies", lambda dtype: False)
    model = load(make_model("llama")).writer.model
    assert any(type(module) is nn.Linear for module in model.modules())


@needs_onednn
@pytest.mark.parametrize("shape", ["gpt2", "llama", "gptj", "opt", "bloom"])
@pytest.mark.parametrize("tied", [True, False])
@torch.inference_mode()
def test_a_packed_model_gives_the_logits_of_the_model_embeddings_tied_or_not(
    shape: str, tied: bool, make_model: Make, library: Callable[[Path], Library]
) -> None:
    folder = make_model(shape, tie_word_embeddings=tied)
    reference = library(folder)
    ids = torch.tensor([reference.tokenizer(PREFIX)["input_ids"]])
    packed = load(folder).writer.model
    assert any(isinstance(module, PackedLinear) for module in packed.modules())
    assert not any(type(module) in (nn.Linear, Conv1D) for module in packed.modules())
    torch.testing.assert_close(packed(ids).logits, reference.model(ids).logits, atol=1e-4, rtol=1e-4)

"""Models that load, in every number format, and those that cannot be, with words for people."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_models import ENDS, PREFIX, Library, ask, load, only

from inpars.errors import InparsError, MissingDependency
from inpars.models.language.transformers import TransformersModel
from inpars.models.language.transformers.decoding import Decoder

Make = Callable[..., Path]
Ask = Callable[[Path], Library]

TEXTS = [PREFIX + end for end in ENDS]


def refused(folder: Path) -> str:
    """What a person reads who names this model."""
    with pytest.raises(InparsError) as error:
        ask(load(folder), ["a wing"], max_new_tokens=1)
    assert error.value.hint
    assert not any(word in str(error.value) for word in ("Traceback", "<class", "Error:", "\n\n"))
    return error.value.message


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "no" / "such") == f"model '{tmp_path}/no/such' cannot be loaded: there is no such folder"


def test_a_hub_model_that_cannot_be_reached() -> None:
    assert "model 'no/such' cannot be loaded" in refused(Path("no/such"))


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    assert f"model '{tmp_path}' cannot be loaded" in refused(tmp_path)


def test_a_folder_with_a_tokenizer_and_no_model(tmp_path: Path, bpe: Any) -> None:
    bpe.save_pretrained(tmp_path)
    assert f"model '{tmp_path}' cannot be loaded" in refused(tmp_path)


def test_a_model_without_a_tokenizer(make_model: Make, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        shutil.copy(make_model("gpt2") / name, tmp_path)
    assert refused(tmp_path).endswith("its tokenizer has no vocabulary")


@pytest.mark.parametrize("broken", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_file_that_is_broken(broken: str, make_model: Make, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(make_model("llama"), folder)
    (folder / broken).write_text("{")
    assert "cannot be loaded" in refused(folder)


def test_a_model_of_which_the_output_layer_is_not_in_the_files(make_model: Make, tmp_path: Path, bpe: Any) -> None:
    from transformers import AutoModel

    AutoModel.from_pretrained(make_model("gpt2")).save_pretrained(tmp_path)
    bpe.save_pretrained(tmp_path)
    assert "its files have no weights for 'lm_head.weight'" in refused(tmp_path)


def bert(**more: Any) -> Any:
    from transformers import BertConfig

    sizes = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return BertConfig(**sizes, intermediate_size=64, max_position_embeddings=64, initializer_range=0.2, **more)


def test_an_encoder(tmp_path: Path, bpe: Any) -> None:
    from transformers import BertModel

    BertModel(bert()).save_pretrained(tmp_path)
    bpe.save_pretrained(tmp_path)
    assert "its files have no weights for" in refused(tmp_path)


def test_an_encoder_with_an_output_layer_would_write_nonsense_and_is_refused(tmp_path: Path, bpe: Any) -> None:
    from transformers import BertForMaskedLM

    BertForMaskedLM(bert()).save_pretrained(tmp_path)
    bpe.save_pretrained(tmp_path)
    assert "BertLMHeadModel is no causal language model" in refused(tmp_path)


def test_a_model_that_only_translates(tmp_path: Path, bpe: Any) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    T5ForConditionalGeneration(
        T5Config(vocab_size=400, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
    ).save_pretrained(tmp_path)
    bpe.save_pretrained(tmp_path)
    assert refused(tmp_path).endswith("it is no causal language model")


def test_without_torch_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency) as error:
        TransformersModel.load("any")
    assert error.value.hint == 'pip install "inpars[train]"'


@pytest.mark.parametrize("shape", ["llama", "gpt2", "gptj", "mistral"])
@pytest.mark.parametrize(("precision", "near"), [("bf16", 0.25), ("fp16", 0.05)])
def test_short_number_formats_write_and_their_log_probs_are_near_those_of_fp32(
    shape: str, precision: str, near: float, make_model: Make, library: Ask
) -> None:
    import torch

    folder = make_model(shape)
    found = load(folder, precision=precision)
    for text, answer in zip(TEXTS, ask(found, TEXTS, max_new_tokens=8), strict=True):
        completion = only(answer)
        assert completion.log_probs == pytest.approx(library(folder).log_probs(text, completion.token_ids), abs=near)
    assert found.writer.model.dtype == {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert isinstance(found.writer, Decoder) == (shape != "mistral")


@pytest.mark.parametrize(("precision", "near"), [("int8", 0.3), ("int4", 1.5)])
def test_quantized_weights_write_and_their_log_probs_are_near_those_of_fp32(
    precision: str, near: float, make_model: Make, library: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("bitsandbytes")
    # Blocks of 64 weights are quantized together.
    folder = make_model("llama", hidden_size=64, intermediate_size=128, head_dim=16)
    found = load(folder, precision=precision)
    for text, answer in zip(TEXTS, ask(found, TEXTS, max_new_tokens=8), strict=True):
        completion = only(answer)
        assert completion.log_probs == pytest.approx(library(folder).log_probs(text, completion.token_ids), abs=near)
    quantized = {type(module).__name__ for module in found.writer.model.modules()}
    assert {"int8": "Linear8bitLt", "int4": "Linear4bit"}[precision] in quantized
    assert not [record for record in caplog.records if "inputs will be cast" in record.message]


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_without_bitsandbytes_the_extra_that_brings_it_is_named(
    precision: str, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "bitsandbytes" else found(name, *rest)
    )
    with pytest.raises(MissingDependency) as error:
        ask(load(make_model("llama"), precision=precision), ["a wing"])
    assert error.value.hint == 'pip install "inpars[quantized]"'

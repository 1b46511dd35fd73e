"""Log-probabilities of given continuations are transformers' own, whatever is read together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import PREFIX, SHAPES, Library, load

from inpars.errors import InparsError
from inpars.models.language.transformers import reading
from inpars.models.language.transformers.reading import PlainReader, Tree, TreeReader, reader_for

Make = Callable[..., Path]
Ask = Callable[[Path], Library]

TEXTS = {
    " a blunt nose,\n\nand a body": [" wing flow?", " heat", " heat in test 5 of a jet"],
    " wing": [" what is the drag of a cone?"],
    " the plate in a jet flow was measured in test 7. " * 3: [" plate", " flow 東京 and heat"],
    " 🎉": [" is", " wing and heat", " wing", " a"],
}
WINDOWED = {"gemma2", "mistral", "gpt_neo", "bloom"}


@pytest.fixture
def trees(bpe: Any) -> list[Tree]:
    ids = lambda text: bpe(text)["input_ids"]  # noqa: E731
    return [Tree(ids(trunk), [ids(branch) for branch in branches]) for trunk, branches in TEXTS.items()]


@pytest.fixture
def prefix(bpe: Any) -> tuple[int, ...]:
    return tuple(bpe(PREFIX)["input_ids"])


def flat(found: list[list[list[float]]]) -> torch.Tensor:
    return torch.tensor([value for tree in found for branch in tree for value in branch])


def expected(model: Any, prefix: tuple[int, ...], trees: list[Tree]) -> torch.Tensor:
    """By transformers alone, one continuation at a time."""
    found: list[float] = []
    for trunk, branches in trees:
        for branch in branches:
            before = [*prefix, *trunk]
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([before + branch])).logits[0, len(before) - 1 : -1]
            found += logits.float().log_softmax(-1)[range(len(branch)), branch].tolist()
    return torch.tensor(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_those_of_transformers(
    shape: str, make_model: Make, library: Ask, trees: list[Tree], prefix: tuple[int, ...]
) -> None:
    # Smaller weights where all tokens but one would be told to be impossible, and differences be lost in rounding.
    model = library(make_model(shape, scale=2.0)).model
    reader = reader_for(model)
    assert reader.name == ("plain" if shape in WINDOWED else "shared prefix")
    wanted = expected(model, prefix, trees)
    assert wanted.std() > 0.1
    torch.testing.assert_close(flat(reader.read(prefix, trees)), wanted, atol=1e-4, rtol=0)
    # As they were without the prefix, and with it once more.
    torch.testing.assert_close(flat(reader.read((), trees)), expected(model, (), trees), atol=1e-4, rtol=0)
    torch.testing.assert_close(flat(reader.read(prefix, trees)), wanted, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", [TreeReader, PlainReader])
def test_they_depend_neither_on_order_nor_on_padding(
    kind: Any, make_model: Make, library: Ask, trees: list[Tree], prefix: tuple[int, ...]
) -> None:
    reader = kind(library(make_model("llama")).model)
    together = reader.read(prefix, trees)
    torch.testing.assert_close(flat(reader.read(prefix, trees[::-1])[::-1]), flat(together), atol=1e-5, rtol=0)
    for tree, found in zip(trees, together, strict=True):
        turned = Tree(tree.trunk, tree.branches[::-1])
        torch.testing.assert_close(flat(reader.read(prefix, [turned])[:1]), flat([found[::-1]]), atol=1e-5, rtol=0)
        alone = [reader.read(prefix, [Tree(tree.trunk, [branch])])[0][0] for branch in tree.branches]
        torch.testing.assert_close(flat([alone]), flat([found]), atol=1e-5, rtol=0)


def test_logits_are_computed_only_where_a_token_is_foretold(
    make_model: Make, library: Ask, trees: list[Tree], prefix: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = library(make_model("llama")).model
    rows: list[int] = []
    hook = model.lm_head.register_forward_hook(lambda _, inputs, output: rows.append(output[..., 0].numel()))
    monkeypatch.setattr(reading, "_LOGITS_AT_ONCE", 3)
    found = TreeReader(model).read(prefix, trees)
    hook.remove()
    # Of all branches of a trunk the first token is foretold at one place.
    assert rows == [sum(1 + sum(len(branch) - 1 for branch in tree.branches) for tree in trees)]
    torch.testing.assert_close(flat(found), expected(model, prefix, trees), atol=1e-4, rtol=0)


def test_the_prefix_is_read_once(make_model: Make, library: Ask, trees: list[Tree], prefix: tuple[int, ...]) -> None:
    model = library(make_model("llama")).model
    tokens: list[int] = []
    hook = model.model.embed_tokens.register_forward_hook(lambda _, inputs, output: tokens.append(inputs[0].numel()))
    reader = TreeReader(model)
    for _ in range(2):
        reader.read(prefix, trees[:1])
    hook.remove()
    assert tokens == [len(prefix), trees[0].tokens, trees[0].tokens]


def test_a_model_that_reads_the_trees_otherwise_reads_plainly_and_one_is_told(
    make_model: Make, library: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = library(make_model("llama")).model
    # As a model would that counts places by itself.
    monkeypatch.setattr(reading._Rows, "mask", lambda self, device, dtype: None)
    assert isinstance(reader_for(model), PlainReader)
    assert "LlamaForCausalLM reads without a shared prefix" in capsys.readouterr().err


def test_a_model_writes_and_reads_with_the_same_weights(make_model: Make) -> None:
    model = load(make_model("llama"))
    assert model.reader.model is model.writer.model


def test_bf16_with_packed_weights_reads_nearly_the_same(
    make_model: Make, library: Ask, trees: list[Tree], prefix: tuple[int, ...]
) -> None:
    folder = make_model("llama", scale=1.0)
    reader = load(folder, precision="bf16").reader
    wanted = expected(library(folder).model, prefix, trees)
    torch.testing.assert_close(flat(reader.read(prefix, trees)), wanted, atol=0.05, rtol=0.02)


def test_what_reads_ahead_has_no_likelihood() -> None:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    with pytest.raises(InparsError, match="BertForMaskedLM is no causal language model"):
        reader_for(BertForMaskedLM(config).eval())

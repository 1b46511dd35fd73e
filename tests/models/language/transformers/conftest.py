"""Tiny causal models of many shapes, with random weights and a trained byte-level tokenizer, made in the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_models import END, SHAPES, Library


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other over matrices this small."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def bpe(toy_rows: list[dict[str, str]]) -> Any:
    """A tokenizer of bytes and of pairs merged from the toy documents; any text goes in and comes out again."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((f"{row['title']}\n\n{row['text']}" for row in toy_rows), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory, bpe: Any) -> Callable[..., Path]:
    """The folder of a model of a shape. Its weights are drawn larger than usual, so that it does not repeat itself."""
    made: dict[tuple[Any, ...], Path] = {}

    def make(shape: str, scale: float = 3.0, seed: int = 0, **more: Any) -> Path:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        key = (shape, scale, seed, *sorted(more.items()))
        if key not in made:
            ids = {"vocab_size": len(bpe), "eos_token_id": bpe.eos_token_id, "bos_token_id": None, "pad_token_id": None}
            common = {"max_position_embeddings": 256, "tie_word_embeddings": False}
            config = AutoConfig.for_model(shape, **{**ids, **common, **SHAPES[shape], **more})
            torch.manual_seed(seed)
            model = AutoModelForCausalLM.from_config(config)
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.dim() > 1:
                        parameter.mul_(scale)
            made[key] = tmp_path_factory.mktemp("models") / shape
            model.save_pretrained(made[key])
            bpe.save_pretrained(made[key])
        return made[key]

    return make


@pytest.fixture(scope="session")
def library(bpe: Any) -> Callable[[Path], Library]:
    """A model as transformers itself runs it, in fp32."""
    loaded: dict[Path, Library] = {}

    def load(folder: Path) -> Library:
        if folder not in loaded:
            loaded[folder] = Library(folder, bpe)
        return loaded[folder]

    return load

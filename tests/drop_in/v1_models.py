"""Tiny models with random weights for InPars v1's commands, and a way to call these as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import inpars.cli


def v1(*arguments: object, code: int = 0) -> None:
    """`inpars v1 ...` in this process, which must end with this exit code."""
    if code == 0:
        inpars.cli.main(["v1", *map(str, arguments)])
        return
    with pytest.raises(SystemExit) as ended:
        inpars.cli.main(["v1", *map(str, arguments)])
    assert ended.value.code == code


def v1_process(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "inpars", "v1", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | environment
    )


def make_gpt2(folder: Path, texts: Iterable[str]) -> Path:
    """A GPT-2-shaped model with a byte-level vocabulary learnt from `texts`."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(wrapped), n_embd=32, n_layer=2, n_head=4, n_positions=4096, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


def write_collection(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """v1's TSV of id and text."""
    path.write_text("".join(f"{row['_id']}\t{row['text']}\n" for row in rows))
    return path

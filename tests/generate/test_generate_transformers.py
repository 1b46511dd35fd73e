"""The whole stage with real, tiny models: what a user gets from `generate --model FOLDER`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

import inpars
from inpars.data.artifacts import facts_of
from inpars.errors import NothingProduced, OptionError
from inpars.models.language.transformers import TransformersModel


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2-shaped, with a byte-level vocabulary and a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=["<|end|>"], show_progress=False
    )
    tokenizer.train_from_iterator(["the document is about a relevant query for the example"] * 3, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    wrapped.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    torch.manual_seed(0)
    network = GPT2LMHeadModel(
        GPT2Config(vocab_size=len(wrapped), n_embd=32, n_layer=2, n_head=4, n_positions=4096, eos_token_id=0)
    )
    folder = tmp_path_factory.mktemp("model")
    network.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_weights_lie_where_the_option_says_or_where_there_is_room(
    device: str, model: Path, toy_corpus: Path, tmp_path: Path
) -> None:
    options = {"devices": (device,), "cache": "none"}
    output = inpars.generate(toy_corpus, tmp_path / "q.jsonl", model=str(model), max_new_tokens=8, transformers=options)
    assert facts_of(output)["queries"]


def test_a_device_that_is_not_there_is_reported_first(model: Path, toy_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="device 'abacus' cannot be used"):
        inpars.generate(toy_corpus, tmp_path / "q.jsonl", model=str(model), transformers={"devices": ("cpu", "abacus")})
    assert not list(tmp_path.glob("*q*"))


def test_the_command_line_runs_a_model_of_ones_own_and_goes_on_from_its_units(
    model: Path, toy_corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "q.jsonl"
    command = [sys.executable, "-m", "inpars", "generate", toy_corpus, "--output", output, "--model", model]
    options = ["--max-new-tokens", "8", "--temperature", "0.9", "--queries-per-document", "3", "--unit-size", "2"]
    # Random weights write nothing of use.
    options += ["--max-unusable", "1"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    facts = facts_of(output)
    assert facts["queries"] + facts["dropped"] == 3 * facts["documents"]
    assert facts["completion_tokens"] <= 8 * 3 * facts["documents"]
    assert facts["cached_tokens"] > 0
    again = subprocess.run([*command, *options], capture_output=True, text=True, env=os.environ)
    assert "up to date" in again.stderr


@pytest.mark.parametrize("prompt", ["zero-shot", "chain-of-thought", "inpars-gbq", "promptagator-zero-shot"])
def test_chat_and_completion_prompts_both_run(prompt: str, model: Path, toy_corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "q.jsonl"
    # A model with random weights may well write nothing that such a prompt's reading finds a query in.
    with contextlib.suppress(NothingProduced):
        inpars.generate(toy_corpus, output, model=str(model), prompt=prompt, temperature=1.0, max_new_tokens=16)
    facts = facts_of(output)
    assert facts["queries"] + facts["dropped"] == facts["documents"]
    assert facts["errors"] == 0


def test_a_loaded_model_serves_as_it_stands(model: Path, toy_corpus: Path, tmp_path: Path) -> None:
    ready = TransformersModel(AutoModelForCausalLM.from_pretrained(model), AutoTokenizer.from_pretrained(model))
    output = inpars.generate(toy_corpus, tmp_path / "a.jsonl", language_model=ready, max_new_tokens=12)
    options = {"precision": "fp32", "devices": ["cpu"]}
    by_name = inpars.generate(
        toy_corpus, tmp_path / "b.jsonl", model=str(model), transformers=options, max_new_tokens=12
    )
    rows = [[json.loads(line)["query"] for line in path.read_text().splitlines()] for path in (output, by_name)]
    assert rows[0] == rows[1]


def test_promptagator_from_examples_to_filtered_queries(
    model: Path, collection: Callable[[str], Path], tmp_path: Path
) -> None:
    corpus = collection("scifact")
    queries = inpars.generate(
        corpus,
        tmp_path / "q.jsonl",
        model=str(model),
        prompt="promptagator",
        max_generations=6,
        temperature=0.7,
        queries_per_document=4,
        max_new_tokens=8,
    )
    kept = inpars.filter(queries, tmp_path / "kept.jsonl", methods=["scores", "top_k"], top_k={"keep_top_k": 5})
    assert facts_of(kept)["kept"] == 5
    assert len((tmp_path / "q.fewshot.jsonl").read_text().splitlines()) == 3

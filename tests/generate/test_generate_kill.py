"""A generation by a model that runs here, killed with -9 wherever it may be, and started again."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import inpars
from inpars.data.artifacts import facts_of, side_file
from inpars.models.language.base import Answer, Sampling
from inpars.models.language.transformers import TransformersModel
from inpars.models.language.transformers import model as backend

N = 4
OPTIONS: dict[str, Any] = {
    "queries_per_document": N,
    "temperature": 1.0,
    "max_new_tokens": 24,
    "max_doc_length": 100,
    "unit_size": 15,
    # Random weights write nothing of use.
    "max_unusable": 1.0,
}

# Everything is imported once; each run is a process of its own, forked from this one.
RUNS = """
import json, os, random, signal, sqlite3, sys, time
corpus, model, whole, killed = sys.argv[1:5]
options = json.loads(sys.argv[5])
import torch, transformers
import inpars
import inpars.models.language.transformers.writing
from inpars.models.language.transformers import model as backend

torch.set_num_threads(1)
backend.prompts_in_window = lambda *given: 3

def start(folder):
    child = os.fork()
    if not child:
        os.environ["INPARS_CACHE"] = f"{folder}/cache"
        inpars.generate(corpus, f"{folder}/q.jsonl", model=model, **options)
        os._exit(0)
    return child

def finish(folder):
    _, status = os.waitpid(start(folder), 0)
    assert os.waitstatus_to_exitcode(status) == 0

def kept(folder):
    try:
        connection = sqlite3.connect(f"file:{folder}/cache/requests.sqlite?mode=ro", uri=True)
        [(found,)] = connection.execute("SELECT count(*) FROM answers")
        return found
    except sqlite3.OperationalError:
        return 0  # not made yet

finish(whole)
moments = random.Random(3)
for windows in (1, 3, 6, 11):
    child = start(killed)
    # Somewhere in the window after this one.
    while kept(killed) < 3 * windows:
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "it ended before it was killed"
        time.sleep(0.002)
    time.sleep(moments.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
finish(killed)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Llama-shaped, of bytes."""
    torch = pytest.importorskip("torch")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(["<|end|>", *alphabet])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    torch.manual_seed(0)
    shape = {"hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    config = LlamaConfig(vocab_size=257, max_position_embeddings=4096, eos_token_id=0, bos_token_id=None, **shape)
    folder = tmp_path_factory.mktemp("model")
    LlamaForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>").save_pretrained(folder)
    return folder


@pytest.fixture
def corpus(write_jsonl: Callable[..., Path], toy_rows: list[dict[str, str]]) -> Path:
    return write_jsonl(toy_rows[:40], "corpus.jsonl")


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("A text and a query for it.\nText: {document}\nQuery:")
    return OPTIONS | {"prompt": str(prompt)}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))


def outcome(output: Path) -> dict[str, Any]:
    sides = [side_file(output, part) for part in ("dropped", "errors", "fewshot")]
    facts = {name: value for name, value in facts_of(output).items() if name != "seconds"}
    return {path.name: path.read_bytes() for path in (output, *sides) if path.exists()} | {"facts": facts}


def kept(folder: Path) -> int:
    connection = sqlite3.connect(folder / "cache" / "requests.sqlite")
    [(found,)] = connection.execute("SELECT count(*) FROM answers")
    connection.close()
    return int(found)


def test_killed_again_and_again_it_ends_in_the_bytes_of_one_that_was_not(
    model: Path, corpus: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = [*map(str, (corpus, model, whole, killed)), json.dumps(options)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", RUNS, *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert outcome(killed / "q.jsonl") == outcome(whole / "q.jsonl")
    assert kept(killed) == kept(whole) == 40
    assert facts_of(whole / "q.jsonl")["queries"] > 0
    assert "answers kept from before" in done.stderr, "a kill came before anything was kept: this tests nothing"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The keys of every window that reaches the model."""
    windows: list[list[str]] = []
    answer = TransformersModel.answer

    def counted(self: TransformersModel, window: backend.Window, sampling: Sampling) -> Iterator[Answer]:
        windows.append([key for key, _ in window])
        return answer(self, window, sampling)

    monkeypatch.setattr(TransformersModel, "answer", counted)
    monkeypatch.setattr(backend, "prompts_in_window", lambda *given: 3)
    return windows


def test_fifty_documents_more_are_the_only_ones_asked(
    model: Path, corpus: Path, tmp_path: Path, asked: list[list[str]], options: dict[str, Any]
) -> None:
    inpars.generate(corpus, tmp_path / "q.jsonl", model=model, **options)
    assert sum(map(len, asked)) == 40
    asked.clear()
    new = [
        {"_id": f"new{n}", "text": f"Report {n} tells of a wing, of its drag and of heat {n * 7}."} for n in range(50)
    ]
    with corpus.open("a") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in new)
    inpars.generate(corpus, tmp_path / "q.jsonl", model=model, **options)
    assert sorted(key for window in asked for key in window) == sorted(row["_id"] for row in new)
    assert [len(window) for window in asked] == [3] * 16 + [2]
    assert facts_of(tmp_path / "q.jsonl")["documents"] == 90


def test_another_folder_another_unit_size_and_an_option_of_speed_ask_nothing(
    model: Path, corpus: Path, tmp_path: Path, asked: list[list[str]], options: dict[str, Any]
) -> None:
    first = inpars.generate(corpus, tmp_path / "a" / "q.jsonl", model=model, **options)
    asked.clear()
    others = {"unit_size": 7, "transformers": {"batch_tokens": 900}}
    second = inpars.generate(corpus, tmp_path / "b" / "q.jsonl", model=model, **options | others)
    assert asked == []
    assert second.read_bytes() == first.read_bytes()
    assert facts_of(second)["completion_tokens"] == facts_of(first)["completion_tokens"]
    inpars.generate(corpus, tmp_path / "c" / "q.jsonl", model=model, **options | {"transformers": {"cache": "none"}})
    assert sum(map(len, asked)) == 40


def test_a_plan_times_what_it_really_asks_and_leaves_the_generation_as_it_would_have_been(
    model: Path, corpus: Path, tmp_path: Path, asked: list[list[str]], options: dict[str, Any]
) -> None:
    for _ in range(2):
        assert inpars.plan(corpus, model=model, probe=5, **options).probed == 5
    assert sum(map(len, asked)) == 10
    inpars.generate(corpus, tmp_path / "q.jsonl", model=model, **options)
    assert sum(map(len, asked)) == 50

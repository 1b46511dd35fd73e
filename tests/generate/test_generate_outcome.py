"""A generation without a single query ends in an error that says why and what to do, each time it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.errors import NothingProduced
from inpars.models.language.dummy import DummyModel


@pytest.fixture
def corpus() -> MemoryCorpus:
    return MemoryCorpus([Document(f"d{i}", f"Wing flutter at speed {i} was measured in a tunnel.") for i in range(9)])


def failing(key: str) -> str:
    return f"status 500 for {key}"


def test_errors_alone_are_told_with_the_first_and_tried_again(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = tmp_path / "q.jsonl"
    with pytest.raises(
        NothingProduced, match=r"no query was written for 9 documents; 9 errors, the first: 'status 500"
    ) as error:
        inpars.generate(corpus, output, language_model=DummyModel("x", fails=failing))
    assert str(tmp_path / "q.errors.jsonl") in error.value.hint
    assert "the same command tries those documents" in error.value.hint
    inpars.generate(corpus, output, language_model=DummyModel("x"))
    assert (facts_of(output)["queries"], facts_of(output)["errors"]) == (9, 0)


def test_dropped_answers_alone_are_told_by_their_commonest_reason_at_every_call(
    corpus: MemoryCorpus, tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(
            NothingProduced, match="9 answers dropped, 9 of them because: no query in the answer"
        ) as error:
            inpars.generate(corpus, tmp_path / "q.jsonl", backend="dummy", prompt="chain-of-thought")
        assert str(tmp_path / "q.dropped.jsonl") in error.value.hint


def test_both_are_told(corpus: MemoryCorpus, tmp_path: Path) -> None:
    model = DummyModel("x", fails=lambda key: "no luck" if key == "d3" else None)
    with pytest.raises(NothingProduced, match=r"1 error, the first: 'no luck'; 8 answers dropped, 8 of them because"):
        inpars.generate(corpus, tmp_path / "q.jsonl", language_model=model, prompt="chain-of-thought")


def test_one_query_is_enough(corpus: MemoryCorpus, tmp_path: Path) -> None:
    model = DummyModel("x", fails=lambda key: None if key == "d3" else "no luck")
    inpars.generate(corpus, tmp_path / "q.jsonl", language_model=model)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"min_doc_chars": 10_000}, "there is no document to write queries for"),
        ({}, "because: too little text to take a query from"),
    ],
)
def test_without_a_model_too(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    short = MemoryCorpus([Document("d1", "Wing."), Document("d2", "Drag.")])
    for _ in range(2):
        with pytest.raises(NothingProduced, match=told):
            inpars.generate(short, tmp_path / "q.jsonl", **options)


def test_the_command_exits_with_2_and_a_run_stops_there(toy_corpus: Path, tmp_path: Path) -> None:
    def call(*arguments: str) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "inpars", *arguments], capture_output=True, text=True, env=os.environ
        )

    generate = ("generate", str(toy_corpus), "--output", str(tmp_path / "q.jsonl"), "--backend", "dummy")
    for _ in range(2):
        done = call(*generate, "--prompt", "chain-of-thought")
        assert done.returncode == 2
        assert "inpars: no query was written for 60 documents" in done.stderr
        assert "Traceback" not in done.stderr
    sets = ("backend=dummy", "prompt=chain-of-thought", "queries_per_document=1")
    options = [word for each in sets for word in ("--set", f"generate.{each}")]
    done = call("run", "--corpus", str(toy_corpus), "--output", str(tmp_path / "run"), *options)
    assert done.returncode == 2
    assert "no query was written" in done.stderr
    assert not (tmp_path / "run" / "filter").exists()

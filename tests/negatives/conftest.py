"""What the tests of this stage share: documents that rank as they are numbered, a judge, and mining itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inpars import mine_negatives
from inpars.data.queries import write_synthetic_queries
from inpars.data.records import Document, SyntheticQuery, Triple
from inpars.models.language.base import Answer, Completion, Prompt, Sampling
from inpars.models.language.tokenizers import EstimatedTokenizer


class GradesBy:
    """A language model that grades a pair by a function of the prompt's last turn."""

    name = "grades"
    tokenizer = EstimatedTokenizer()
    context_length = None

    def __init__(self, answer: Callable[[str], str], fingerprint: str = "grades") -> None:
        self.answer, self.asked, self._fingerprint = answer, [], fingerprint

    asked: list[str]

    def fingerprint(self) -> str:
        return self._fingerprint

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        for prompt in prompts:
            text = prompt.messages[-1].content
            self.asked.append(text)
            yield Answer(prompt.key, [Completion(self.answer(text))], prompt_tokens=1)


class Rows:
    """What the stage wrote: the triples, and the rows of its side files."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.rows = _read(output)
        self.triples = [Triple.from_row(row) for row in self.rows]
        self.dropped = _read(output.with_name(f"{output.stem}.dropped.jsonl"))
        self.errors = _read(output.with_name(f"{output.stem}.errors.jsonl"))


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@pytest.fixture
def mined(tmp_path: Path) -> Callable[..., Rows]:
    """Mine for some queries and read what was written."""

    def run(queries: list[SyntheticQuery], corpus: Any, name: str = "triples.jsonl", **options: Any) -> Rows:
        path = tmp_path / f"queries-of-{name}"
        write_synthetic_queries(path, queries)
        return Rows(mine_negatives(path, corpus, tmp_path / name, **options))

    return run


@pytest.fixture
def read_rows() -> Callable[[Path], Rows]:
    """Read what the stage wrote, as where it ended in an error."""
    return Rows


@pytest.fixture
def grades_by() -> type[GradesBy]:
    return GradesBy


@pytest.fixture(scope="session")
def wings() -> list[Document]:
    """Every document has "wing"; the more often, the higher it ranks for it: w8, w7, …, w1."""
    return [Document(f"w{n}", "wing " * n + f"number{n}") for n in range(1, 9)]

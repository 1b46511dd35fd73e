from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from inpars.data.fewshot import Example, find_fewshot, read_examples, write_examples
from inpars.errors import InputError

EXAMPLES = [
    Example("007", "d1", "what is lift", "Lift is a force on a wing."),
    Example("q2", "d2", "é {query}", 'two\nlines "quoted"', "drag"),
    Example("", "", "nobody labelled this", "A text."),
]


@pytest.mark.parametrize("name", ["x.fewshot.jsonl", "x.jsonl.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    assert write_examples(tmp_path / name, EXAMPLES) == 3
    assert read_examples(tmp_path / name) == EXAMPLES


def test_a_few_shot_set_of_the_toolkit_is_read(tmp_path: Path) -> None:
    # As pandas writes it: ids may have become numbers.
    row = {"query_id": 7, "doc_id": 12, "query": "what is lift", "document": "Lift.", "score": 2}
    (tmp_path / "scifact.json").write_text(json.dumps(row) + "\n")
    assert read_examples(tmp_path / "scifact.json") == [Example("7", "12", "what is lift", "Lift.")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"query": "x"}', "line 2: expected a field 'document'"),
        ('{"document": "x"}', "line 2: expected a field 'query'"),
        ('{"query": " ", "document": "x"}', "line 2: expected a text in 'query'"),
        ('{"query": 3, "document": "x"}', "line 2: expected a string in 'query'"),
        ('{"query": "a", "document": "b", "query_id": 1.5}', "line 2: expected a string or a whole number"),
        ('{"query": "a", "document": "b", "bad_query": 1}', "line 2: expected a string in 'bad_query'"),
        ("query\tdocument", "line 2: expected one JSON object"),
    ],
)
def test_a_broken_example_names_its_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "few.jsonl"
    path.write_text('{"query": "a", "document": "b"}\n' + line + "\n")
    with pytest.raises(InputError) as raised:
        read_examples(path)
    assert words in str(raised.value)


def test_a_file_without_examples_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "few.jsonl.gz").write_bytes(gzip.compress(b"\n"))
    with pytest.raises(InputError, match="expected at least one few-shot example"):
        read_examples(tmp_path / "few.jsonl.gz")


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    """Runs in a step's folder, few-shot files in others, one of a step that the recipe no longer has."""
    folder = tmp_path / "run"
    for step in ("write", "train", "rerank", "gone"):
        (folder / step).mkdir(parents=True)
    for place in ("write/queries", "gone/queries", "stray"):
        write_examples(folder / f"{place}.fewshot.jsonl", EXAMPLES)
    (folder / "recipe.yaml").write_text("name: mine\nsteps: {write: {stage: generate}, train: {}, rerank: {}}\n")
    return folder


def test_in_a_run_directory_the_examples_of_every_step_are_found(run_directory: Path) -> None:
    assert find_fewshot(run_directory / "rerank" / "tuned.trec") == [run_directory / "write" / "queries.fewshot.jsonl"]


def test_examples_of_queries_set_aside_count_but_in_a_run_directory(run_directory: Path) -> None:
    """There every step is redone from the queries that took their place; elsewhere nothing says so."""
    for place in ("write/queries.0a1b2c3d", "stray.0a1b2c3d"):
        write_examples(run_directory / f"{place}.fewshot.jsonl", EXAMPLES)
    assert find_fewshot(run_directory / "rerank" / "tuned.trec") == [run_directory / "write" / "queries.fewshot.jsonl"]
    names = [path.name for path in find_fewshot(run_directory / "x.trec")]
    assert names == ["stray.0a1b2c3d.fewshot.jsonl", "stray.fewshot.jsonl"]


def test_elsewhere_the_examples_beside_a_run_are_found(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_fewshot(run_directory / "x.trec") == [run_directory / "stray.fewshot.jsonl"]
    monkeypatch.chdir(run_directory / "rerank")
    assert find_fewshot("tuned.trec") == [run_directory / "write" / "queries.fewshot.jsonl"]


@pytest.mark.parametrize("text", ["[", "steps: 3", "just words", ""])
def test_a_file_that_is_no_recipe_makes_no_run_directory(run_directory: Path, text: str) -> None:
    (run_directory / "recipe.yaml").write_text(text)
    assert find_fewshot(run_directory / "rerank" / "tuned.trec") == []

"""`inpars v1 filter`: v1's flags; the sum is a sum."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from v1_models import v1

from inpars.data.queries import read_synthetic_queries

LOG_PROBS = {
    "what is the lift of wings": [-0.5, -0.5, -0.5, -0.5, -0.5, -0.5],
    "why does it heat": [-0.9, -0.9, -0.9, -0.9],
    "how is drag measured": [-0.1, -0.1, -2.0, -0.1],
    "is it": [-0.01, -0.01],
}


@pytest.fixture
def questions(write_jsonl: Callable[..., Path]) -> Path:
    """A file as v1's generate leaves it."""
    rows = [
        {"doc_id": str(n), "doc_text": f"document {n}: Why does it heat?", "question": question, "log_probs": values}
        for n, (question, values) in enumerate(LOG_PROBS.items())
    ]
    return write_jsonl(rows, "q.jsonl")


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("scoring", "score"),
    [
        ("mean_log_probs", lambda values: sum(values) / len(values)),
        ("sum_log_probs", sum),
        ("mean_probs", lambda values: sum(map(math.exp, values)) / len(values)),
    ],
)
def test_scores_are_what_their_names_say_and_the_best_come_first(
    questions: Path, tmp_path: Path, scoring: str, score: Callable[[list[float]], float]
) -> None:
    output = tmp_path / "k.jsonl"
    v1("filter", "--input", questions, "--output", output, "--scoring_function", scoring, "--top_k", 2)
    rows = rows_of(output)
    expected = {q: score(values) for q, values in LOG_PROBS.items() if len(values) >= 3}
    best = sorted(expected, key=lambda question: -expected[question])[:2]
    assert [row["question"] for row in rows] == best
    assert [row["score"] for row in rows] == pytest.approx([expected[question] for question in best])
    # v1 put one number in their place: with the list the file can be scored again.
    assert [row["log_probs"] for row in rows] == [LOG_PROBS[question] for question in best]


def test_the_mean_is_the_default_and_the_dropped_have_reasons(questions: Path, tmp_path: Path) -> None:
    v1("filter", f"--input={questions}", f"--output={tmp_path / 'k.jsonl'}", "--top-k=2")
    assert [row["question"] for row in rows_of(tmp_path / "k.jsonl")] == [
        "what is the lift of wings",
        "how is drag measured",
    ]
    assert {row["dropped_by"] for row in rows_of(tmp_path / "k.dropped.jsonl")} == {"length", "scores"}


def test_lengths_are_limited_in_the_language_models_tokens(questions: Path, tmp_path: Path) -> None:
    v1("filter", "--input", questions, "--output", tmp_path / "a.jsonl", "--min_tokens", 2, "--max_tokens", 4)
    assert {row["question"] for row in rows_of(tmp_path / "a.jsonl")} == {*LOG_PROBS} - {"what is the lift of wings"}
    v1("filter", "--input", questions, "--output", tmp_path / "b.jsonl")
    assert "is it" not in {row["question"] for row in rows_of(tmp_path / "b.jsonl")}


def test_the_input_is_never_overwritten(questions: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = questions.read_text()
    v1("filter", "--input", questions, "--output", questions, code=2)
    assert "the place of the input" in capfd.readouterr().err
    assert questions.read_text() == before


def test_copied_questions_are_skipped_only_where_asked(questions: Path, tmp_path: Path) -> None:
    flag = "--skip_questions_copied_from_context"
    v1("filter", "--input", questions, "--output", tmp_path / "a.jsonl", flag)
    assert "why does it heat" not in {row["question"] for row in rows_of(tmp_path / "a.jsonl")}
    v1("filter", "--input", questions, "--output", tmp_path / "b.jsonl")
    assert "why does it heat" in {row["question"] for row in rows_of(tmp_path / "b.jsonl")}


def test_len_is_refused_as_no_score(questions: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    v1("filter", "--input", questions, "--output", tmp_path / "k.jsonl", "--scoring_function", "len", code=2)
    assert "no score" in capfd.readouterr().err


def test_what_it_wrote_can_be_filtered_again_and_a_second_call_changes_nothing(questions: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.jsonl", tmp_path / "twice.jsonl"
    for _ in range(2):
        v1("filter", "--input", questions, "--output", once)
        v1("filter", "--input", once, "--output", twice)
        assert rows_of(twice) == rows_of(once)


def test_a_file_that_v1_filtered_loads_with_its_number_as_the_score(write_jsonl: Callable[..., Path]) -> None:
    row = {"doc_id": "1", "doc_text": "x", "question": "what is it?", "log_probs": -0.25}
    (query,) = read_synthetic_queries(write_jsonl([row]))
    assert (query.score, query.log_probs) == (-0.25, None)

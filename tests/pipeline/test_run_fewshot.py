"""Few-shot examples and the measurement of a whole run, with a real, tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.fewshot import Example, write_examples

FAST = [
    "generate.max_generations=30",
    "train.batch_size=8",
    "train.held_out_queries=10",
    "train.held_out_depth=10",
    "train.max_length=32",
    "evaluate.permutations=199",
    "evaluate.bootstraps=199",
]


def test_examples_of_a_run_are_left_out_of_its_measurement(
    toy_corpus: Path, tmp_path: Path, tiny_bi_encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"

    def run() -> dict[str, Any]:
        metrics: dict[str, Any] = inpars.run(
            "extractive", corpus=toy_corpus, output=folder, set=[*FAST, f"train.base_model={tiny_bi_encoder}"]
        )
        return metrics

    def stamps() -> dict[str, int]:
        return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.meta.json")}

    assert run()["test_set"] == {"kind": "test queries", "queries": 10}
    before = stamps()
    shown = folder / "generate" / "queries.fewshot.jsonl"
    write_examples(shown, [Example(query_id, "d00", "x", "y") for query_id in ("q3", "q7", "of another split")])
    capsys.readouterr()

    metrics = run()
    assert metrics["test_set"] == {"kind": "test queries", "queries": 8, "few_shot_examples": 2}
    assert {step for step, stamp in stamps().items() if stamp != before[step]} == {"evaluate/metrics.json.meta.json"}
    assert json.loads((folder / "evaluate" / "metrics.json").read_text())["excluded_queries"] == ["q3", "q7"]
    printed = capsys.readouterr()
    assert "2 queries were few-shot examples and are left out" in printed.err
    assert "8 test queries (2 few-shot examples left out)" in " ".join(printed.out.split())

    shown.unlink()
    assert run()["test_set"] == {"kind": "test queries", "queries": 10}

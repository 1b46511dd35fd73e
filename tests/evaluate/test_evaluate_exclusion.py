"""Queries that were few-shot examples do not count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import inpars
from inpars.data.fewshot import Example, write_examples
from inpars.data.qrels import Qrels, write_qrels
from inpars.data.runs import Run, write_run
from inpars.errors import InparsError, InputError
from inpars.evaluate.exclusion import read_excluded

QRELS: Qrels = {f"q{n}": {"a": 1} for n in range(8)}
# Right for even queries only.
RUN: Run = {f"q{n}": {"a": 2.0 - 2 * (n % 2), "b": 1.0} for n in range(8)}


def examples(*query_ids: str) -> list[Example]:
    return [Example(query_id, "a", f"query {query_id}", "a document") for query_id in query_ids]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_run(tmp_path / "runs" / "mine.trec", RUN, "test")
    return tmp_path / "runs" / "mine.trec"


def mean(evaluation: inpars.evaluate.Evaluation) -> float:
    [values] = evaluation.systems.values()
    return values["P@1"]


def test_examples_beside_a_run_are_left_out_for_every_system(run: Path) -> None:
    write_examples(run.with_name("queries.fewshot.jsonl"), examples("q1", "q3", "train7", ""))
    evaluation = inpars.evaluate({"file": run, "object": RUN}, QRELS, measures=["P@1"])
    assert evaluation.queries == ["q0", "q2", "q4", "q5", "q6", "q7"]
    assert evaluation.excluded == ["q1", "q3"]
    assert evaluation.to_json()["excluded_queries"] == ["q1", "q3"]
    assert evaluation.systems["file"] == evaluation.systems["object"] == {"P@1": pytest.approx(4 / 6)}
    assert [len(values["P@1"]) for values in evaluation.per_query.values()] == [6, 6]


def test_examples_of_a_run_directory_are_found_in_its_steps(run: Path) -> None:
    root = run.parent.parent
    write_examples(root / "generate" / "queries.fewshot.jsonl", examples("q0"))
    assert inpars.evaluate({"mine": run}, QRELS).excluded == []
    (root / "recipe.yaml").write_text("name: x\nsteps: {generate: {}, runs: {stage: rerank}}\n")
    assert inpars.evaluate({"mine": run}, QRELS).excluded == ["q0"]


def test_a_list_stands_in_for_what_would_be_found(run: Path) -> None:
    write_examples(run.with_name("queries.fewshot.jsonl"), examples("q1"))
    assert inpars.evaluate({"mine": run}, QRELS, exclude=[]).excluded == []
    evaluation = inpars.evaluate({"mine": run}, QRELS, exclude=["q5", "q7", "nobody"], measures=["P@1"])
    assert evaluation.excluded == ["q5", "q7"]
    assert mean(evaluation) == pytest.approx(4 / 6)


def test_runs_that_are_no_files_exclude_nothing() -> None:
    assert inpars.evaluate({"object": RUN}, QRELS).excluded == []


def test_an_evaluation_of_nothing_is_refused(run: Path) -> None:
    with pytest.raises(InparsError, match="all 8 judged queries are excluded") as raised:
        inpars.evaluate({"mine": run}, QRELS, exclude=QRELS)
    assert "--keep-fewshot" in raised.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "q1\nq2\n",
        "q1\twhat is lift\n\nq2\twhat is drag\n",
        '{"query_id": "q1", "query": "x", "document": "y"}\n{"query_id": "q2", "query": "x", "document": "y"}\n',
    ],
)
def test_a_file_of_queries_to_exclude_has_an_id_or_an_example_a_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "ids").write_text(text)
    assert read_excluded(tmp_path / "ids") == {"q1", "q2"}


def test_generated_queries_name_the_examples_that_they_were_written_after(tmp_path: Path) -> None:
    rows = [{"query": "x", "doc_id": "1", "fewshot_examples": shown} for shown in (["q1", 2], ["q1"], [], None)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_excluded(tmp_path / "q.jsonl") == {"q1", "2"}


def test_a_file_without_an_id_is_an_error(tmp_path: Path) -> None:
    for text in ("\n", '{"query": "x", "document": "y"}\n'):
        (tmp_path / "ids").write_text(text)
        with pytest.raises(InputError, match="at least one query id"):
            read_excluded(tmp_path / "ids")


def command(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    from inpars.cli import app

    app(["evaluate", *map(str, arguments)], exit_on_error=False, result_action="return_value")
    return capsys.readouterr().out


def test_the_command_says_how_many_are_left_out(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_qrels(tmp_path / "qrels.tsv", QRELS)
    (tmp_path / "ids").write_text("q1\nq5\nq6\n")
    common = (run, "--qrels", tmp_path / "qrels.tsv", "--output", tmp_path / "metrics.json")
    excluded = lambda: json.loads((tmp_path / "metrics.json").read_text())["excluded_queries"]  # noqa: E731

    assert "left out" not in command(capsys, *common)
    write_examples(run.with_name("queries.fewshot.jsonl"), examples("q1", "q3"))
    assert "2 queries were few-shot examples and are left out" in command(capsys, *common)
    assert excluded() == ["q1", "q3"]
    assert "left out" not in command(capsys, *common, "--keep-fewshot")
    assert excluded() == []
    printed = command(capsys, *common, "--exclude", tmp_path / "ids")
    assert "2 queries were few-shot examples and are left out" in printed
    assert "2 left out as --exclude says" in printed
    assert excluded() == ["q1", "q3", "q5", "q6"]
    assert "few-shot" not in command(capsys, *common, "--exclude", tmp_path / "ids", "--keep_fewshot")
    assert excluded() == ["q1", "q5", "q6"]

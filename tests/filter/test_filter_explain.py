from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.cli import main
from inpars.errors import InputError, NothingProduced
from inpars.filter.explain import explain

ROWS: list[dict[str, Any]] = [
    {"query_id": f"q{n}", "query": f"what is thing number {n}", "doc_id": f"d{n}", "log_probs": [-n / 10]}
    for n in range(40)
]


def cells(text: str, line: str) -> list[str]:
    """The cells of the table row whose first one is `line`."""
    rows = [[cell.strip() for cell in row.strip("│ ").split("│")] for row in text.splitlines() if row.startswith("│")]
    return next(row for row in rows if row[0] == line)


def shown(text: str) -> list[str]:
    """The ids of the documents that stand as examples, in their order."""
    rows = [[cell.strip() for cell in row.strip("│ ").split("│")] for row in text.splitlines() if row.startswith("│")]
    return [row[2] for row in rows if len(row) > 2 and row[2].startswith("d")]


def test_the_funnel_says_what_each_method_read_dropped_and_kept(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [*ROWS, {"query_id": "short", "query": "lift", "doc_id": "x"}]
    options = {"top_k": {"keep_top_k": 10}}
    output = inpars.filter(write_jsonl(rows), tmp_path / "k.jsonl", methods=["length", "scores", "top_k"], **options)
    text = explain(output)
    assert cells(text, "length") == ["length", "41", "1", "0", "40", "97.6%"]
    assert cells(text, "scores") == ["scores", "40", "0", "0", "40", "97.6%"]
    assert cells(text, "top_k") == ["top_k", "40", "30", "0", "10", "24.4%"]
    assert "dropped by length: 1 of 1" in text
    assert "dropped by top_k: 3 of 30" in text
    assert "dropped by scores" not in text
    assert "kept: 3 of 10" in text
    assert cells(text, "lift") == ["lift", "", "x", "1 words, fewer than 3"]


def test_examples_show_query_score_document_and_reason(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    options = {"top_k": {"keep_top_k": 1}}
    output = inpars.filter(write_jsonl(ROWS[:2]), tmp_path / "k.jsonl", methods=["scores", "top_k"], **options)
    text = explain(output)
    assert cells(text, "what is thing number 1") == ["what is thing number 1", "-0.1000", "d1", "not among the best 1"]
    assert cells(text, "what is thing number 0") == ["what is thing number 0", "0.0000", "d0"]


def test_which_rows_are_shown_depends_on_the_seed_and_not_on_their_order(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    shuffled = random.Random(2).sample(ROWS, len(ROWS))
    one = inpars.filter(write_jsonl(ROWS, "one.jsonl"), tmp_path / "k1.jsonl", methods=["length"])
    two = inpars.filter(write_jsonl(shuffled, "two.jsonl"), tmp_path / "k2.jsonl", methods=["length"])
    assert shown(explain(one)) == shown(explain(two)) != ["d0", "d1", "d2"]
    assert shown(explain(one, seed=1)) != shown(explain(one))
    assert len(shown(explain(one, examples=7))) == 7
    assert shown(explain(one, examples=7))[:3] == shown(explain(one))


def test_methods_that_stand_twice_are_told_apart(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    methods = ["scores", {"top_k": {"keep_top_k": 30}}, {"top_k": {"keep_top_k": 10}}]
    text = explain(inpars.filter(write_jsonl(ROWS), tmp_path / "k.jsonl", methods=methods))
    assert cells(text, "top_k")[1:] == ["40", "10", "0", "30", "75.0%"]
    assert cells(text, "top_k-3")[1:] == ["30", "20", "0", "10", "25.0%"]
    assert "dropped by top_k: 3 of 10" in text
    assert "dropped by top_k-3: 3 of 20" in text


def test_texts_can_move_no_cursor_and_are_no_markup(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    row = {"query_id": "q", "query": "a [bold]\x1b[2J\nquery\x07 here", "doc_id": "[red]d"}
    text = explain(inpars.filter(write_jsonl([row]), tmp_path / "k.jsonl"))
    assert cells(text, "a [bold] [2J query  here")[2] == "[red]d"
    assert not {"\x1b", "\x07"} & set(text)


def test_long_queries_are_cut(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    row = {"query_id": "q", "query": "word " * 90, "doc_id": "d"}
    text = explain(inpars.filter(write_jsonl([row]), tmp_path / "k.jsonl", methods=["length"]), width=300)
    assert "…" in text
    assert text.count("word") == 40


def test_without_methods_and_without_rows_left_there_is_a_funnel_too(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    text = explain(inpars.filter(write_jsonl(ROWS), tmp_path / "all.jsonl", methods=[]))
    assert cells(text, "no method")[1:] == ["40", "0", "0", "40", "100.0%"]
    with pytest.raises(NothingProduced):
        inpars.filter(write_jsonl(ROWS), tmp_path / "none.jsonl", methods=["length"], length={"min_words": 9})
    assert "kept:" not in explain(tmp_path / "none.jsonl")


def test_the_command_explains_too_why_nothing_is_left(
    write_jsonl: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"query_id": "q", "query": "lift", "doc_id": "d"}]
    with pytest.raises(SystemExit) as ended:
        main(["filter", str(write_jsonl(rows)), "--output", str(tmp_path / "k.jsonl"), "--explain"])
    assert ended.value.code == 2
    assert cells(capsys.readouterr().out, "length") == ["length", "1", "1", "0", "0", "0.0%"]


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_file_that_the_stage_did_not_write_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "k.jsonl"
    if content:
        path.write_text(content)
    with pytest.raises(InputError, match="a finished output of the filter stage"):
        explain(path)


def test_the_command_shows_it_when_it_filters_and_when_all_is_up_to_date(
    write_jsonl: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["filter", str(write_jsonl(ROWS)), "--output", str(tmp_path / "k.jsonl"), "--methods", "length"]
    main(command)
    assert "funnel" not in capsys.readouterr().out
    for _ in range(2):
        main([*command, "--explain"])
        assert cells(capsys.readouterr().out, "length")[1:] == ["40", "0", "0", "40", "100.0%"]

"""Judged queries that must not count, because a language model was shown them as few-shot examples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inpars.data.fewshot import find_fewshot, read_examples
from inpars.data.files import read_jsonl, read_text_lines
from inpars.errors import InputError


def fewshot_queries(runs: Iterable[object]) -> set[str]:
    """Ids of the few-shot examples behind `runs`: those of files are found beside them or in their run directory."""
    files = {path for run in runs if isinstance(run, (str, Path)) for path in find_fewshot(run)}
    return _ids(files)


def read_excluded(path: str | Path) -> set[str]:
    """Query ids from a file: few-shot examples (JSON lines), or an id a line, whatever follows after a tab.

    Generated queries (JSON lines) may stand for the examples that they were written after, each with their ids in
    `fewshot_examples`. `InputError` for a file of another kind without any id.
    """
    path = Path(path)
    if next(read_text_lines(path), (0, ""))[1].lstrip().startswith("{"):
        if "fewshot_examples" in next(read_jsonl(path))[1]:
            return {str(shown) for _, row in read_jsonl(path) for shown in row.get("fewshot_examples") or ()}
        ids = _ids([path])
    else:
        ids = {line.split("\t")[0].strip() for _, line in read_text_lines(path)}
    if not ids:
        raise InputError(path, expected="at least one query id", found="none")
    return ids


def told(shown: int) -> str:
    """What to say of `shown` queries that were few-shot examples."""
    if shown == 1:
        return "1 query was a few-shot example and is left out"
    return f"{shown:,} queries were few-shot examples and are left out"


def _ids(files: Iterable[Path]) -> set[str]:
    """The queries' ids in files of few-shot examples, of those that have one."""
    return {example.query_id for path in files for example in read_examples(path) if example.query_id}

"""Files of synthetic queries with the columns that the toolkit's own commands read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.files import read_jsonl, write_jsonl


def as_toolkit(path: Path, *, best_first: bool = False) -> None:
    """Give the rows of `path` the toolkit's columns: the document as `text`, and the prompt's two on every row.

    Ours read `text` as they read `doc_text`, so it takes that one's place. With `best_first` rows stand
    by falling score, as the toolkit's filter writes them. A file that is so already stays as it is.
    """
    first = next(read_jsonl(path), None)
    if first is None or "text" in first[1]:
        return
    rows: Iterator[dict[str, Any]] = (_row(row) for _, row in read_jsonl(path))
    write_jsonl(path, sorted(rows, key=lambda row: -row["score"]) if best_first else rows)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    text = row.pop("doc_text", "")
    return {"prompt_text": "", "fewshot_examples": []} | row | {"text": text}

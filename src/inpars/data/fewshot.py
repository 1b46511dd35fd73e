"""Few-shot examples: labelled queries shown to a language model, which no evaluation may count afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inpars.data.artifacts import is_set_aside
from inpars.data.columns import Columns
from inpars.data.files import read_jsonl, write_jsonl
from inpars.data.recorded import recorded_steps
from inpars.errors import InputError

PATTERN = "*.fewshot.jsonl"
"""What the files are called that hold the examples of a generation."""


@dataclass(frozen=True, slots=True)
class Example:
    """One query with a document that answers it; the ids are empty where nobody labelled it."""

    query_id: str
    doc_id: str
    query: str
    document: str
    bad_query: str = ""

    def to_row(self) -> dict[str, Any]:
        """The JSON object written to a file; `bad_query` only where there is one."""
        row = asdict(self)
        if not self.bad_query:
            del row["bad_query"]
        return row


def write_examples(path: str | Path, examples: Iterable[Example]) -> int:
    """Write examples, one JSON object a line, atomically; returns how many."""
    return write_jsonl(Path(path), (example.to_row() for example in examples))


def read_examples(path: str | Path) -> list[Example]:
    """Read examples: lines with `query` and `document`, and where known `query_id`, `doc_id`, `bad_query`.

    The InPars toolkit's few-shot sets are of this form. `InputError` for a line that lacks a text
    and for a file without any line.
    """
    path = Path(path)
    examples = [_example(row, path, line) for line, row in read_jsonl(path)]
    if not examples:
        raise InputError(path, expected="at least one few-shot example", found="none")
    return examples


def find_fewshot(run: str | Path) -> list[Path]:
    """The files of few-shot examples that go with a run file.

    They lie beside it; and where it lies in a step's folder of a run directory, in the folders of
    all the steps of that run's recipe. Those of queries that were set aside for others count in an ordinary folder,
    where nothing says which queries a run came from; in a run directory every step is redone from the new ones.
    """
    folder = Path(run).absolute().parent
    steps = step_folders(folder.parent)
    found = [path for place in {folder, *steps} for path in place.glob(PATTERN)]
    return sorted(path for path in found if path.parent not in steps or not is_set_aside(path))


def step_folders(run_directory: Path) -> list[Path]:
    """The folders of a run's steps; none where `run_directory` is no run directory."""
    return [run_directory / step for step in recorded_steps(run_directory)]


def _example(row: dict[str, Any], path: Path, line: int) -> Example:
    texts = {}
    for name in ("query", "document"):
        texts[name] = Columns(text=name).read_text(row, path, line)
        if not texts[name].strip():
            raise InputError(path, line=line, expected=f"a text in {name!r}", found="an empty one")
    ids = {
        name: Columns(id=name).read_id(row, path, line) if row.get(name) not in (None, "") else ""
        for name in ("query_id", "doc_id")
    }
    bad_query = Columns(text="bad_query").read_text(row, path, line) if row.get("bad_query") is not None else ""
    return Example(**ids, **texts, bad_query=bad_query)

"""The funnel of a filtered file: how many queries each method took out, with examples."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from io import StringIO
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from inpars.data.artifacts import facts_of, side_file, sidecar
from inpars.data.files import read_jsonl
from inpars.errors import InputError

_COUNTS = ("read", "dropped", "errors", "kept")
_SHOWN = 200
"""Characters of a query that are shown."""


def explain(output: str | Path, *, examples: int = 3, seed: int = 0, width: int = 120) -> str:
    """The funnel of `output`, which `filter` wrote, and examples of each method's work, as lines of text.

    `examples` rows stand for what each method dropped or could not judge and for what is kept; which
    rows is fixed by `seed` and their ids, wherever they stand in the file. `InputError` where `output`
    is no finished output of the filter stage.
    """
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(explanation(output, examples=examples, seed=seed))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def explanation(output: str | Path, *, examples: int = 3, seed: int = 0) -> RenderableType:
    """What `explain` writes, for a console."""
    output = Path(output)
    facts = _facts_of(output)
    # Without methods everything that is read is kept.
    funnel = facts["funnel"] or [{"method": "no method", **{name: facts[name] for name in _COUNTS}}]
    parts: list[RenderableType] = [_funnel_table(funnel, f"funnel of {output}")]
    groups = (
        ("dropped", "dropped_by", "reason", "dropped by {}"),
        ("errors", "failed_in", "error", "not judged by {}, to be tried again"),
    )
    for part, field, why, title in groups:
        if facts[part]:
            chosen = _chosen(side_file(output, part), field, examples, seed)
            for name, total in ((entry["method"], entry[part]) for entry in funnel if entry[part]):
                parts.append(_examples(chosen.get(name, []), title.format(name), total, why))
    if facts["kept"]:
        parts.append(_examples(_chosen(output, None, examples, seed)[""], "kept", facts["kept"], None))
    return Group(*parts)


def _facts_of(output: Path) -> dict[str, Any]:
    facts = facts_of(output) if output.is_file() and sidecar(output).is_file() else {}
    if "funnel" not in facts:
        found = "another file" if output.is_file() else "nothing there"
        raise InputError(output, expected="a finished output of the filter stage", found=found)
    return facts


def _funnel_table(funnel: list[dict[str, Any]], title: str) -> Table:
    table = Table(title=Text(title), title_justify="left")
    table.add_column("method")
    for name in (*_COUNTS, "of all"):
        table.add_column(name, justify="right")
    facts = [_facts(entry) for entry in funnel]
    if any(facts):
        table.add_column("facts", overflow="fold")
    total = funnel[0]["read"]
    for entry, told in zip(funnel, facts, strict=True):
        share = f"{entry['kept'] / total:.1%}" if total else ""
        cells = (entry["method"], *(f"{entry[name]:,}" for name in _COUNTS), share, *((told,) if any(facts) else ()))
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _facts(entry: dict[str, Any]) -> str:
    """What a method had to tell of its work besides the counts."""
    told = {name: value for name, value in entry.items() if name not in ("method", *_COUNTS)}
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in told.items()
    )


def _chosen(path: Path, field: str | None, number: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """For each value of `field` (without one: of all rows, under ""), `number` randomly sampled rows."""
    groups: defaultdict[str, list[tuple[bytes, dict[str, Any]]]] = defaultdict(list)
    for _, row in read_jsonl(path):
        group = groups[row[field] if field else ""]
        group.append((hashlib.sha256(f"{seed}\x1f{row['query_id']}".encode()).digest(), row))
        if len(group) > number:
            group.remove(max(group, key=itemgetter(0)))
    return {name: [row for _, row in sorted(group, key=itemgetter(0))] for name, group in groups.items()}


def _examples(rows: list[dict[str, Any]], title: str, total: int, why: str | None) -> Table:
    table = Table(title=Text(f"\n{title}: {len(rows):,} of {total:,}"), title_justify="left")
    table.add_column("query", overflow="fold", ratio=3)
    table.add_column("score", justify="right")
    table.add_column("document", overflow="fold", ratio=1)
    if why:
        table.add_column(why, overflow="fold", ratio=2)
    for row in rows:
        score = row.get("score")
        cells = [row["query"], "" if score is None else f"{score:.4f}", row["doc_id"]]
        table.add_row(*(Text(_printable(cell)) for cell in [*cells, *([row[why]] if why else [])]))
    return table


def _printable(value: object) -> str:
    """A text that comes from documents or models, without what could move a terminal's cursor."""
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

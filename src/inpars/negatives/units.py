"""Queries unit by unit: what is to be mined, what has been, and all of it together in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import IO, Any

import orjson

from inpars.data.artifacts import Artifact
from inpars.data.files import atomic_write, read_jsonl
from inpars.data.records import SyntheticQuery

Mine = Callable[[Sequence[SyntheticQuery], Sequence[int]], list[dict[str, Any]]]
"""Queries in, with how often each ended in an error before; for each a row with its `triples`, the `dropped`
query or the `error`, and its `counts`."""


def complete(artifact: Artifact, queries: Iterable[SyntheticQuery], size: int, mine: Mine) -> None:
    """Mine what no unit holds yet, and what ended in an error: each unit is one file, with a row for each query."""
    for number, unit in enumerate(_units(queries, size)):
        path = artifact.unit(number)
        rows: list[dict[str, Any]] = [{"error": None}] * len(unit)
        if path.exists():
            rows = [row for _, row in read_jsonl(path)]
        missing = [place for place, row in enumerate(rows) if "error" in row]
        if missing:
            failures = [rows[place].get("failures", 0) for place in missing]
            mined = mine([unit[place] for place in missing], failures)
            for place, times, row in zip(missing, failures, mined, strict=True):
                rows[place] = row | {"failures": times + 1} if "error" in row else row
            artifact.write_unit(number, rows)


def merge(artifact: Artifact) -> tuple[Counter[str], Counter[str]]:
    """Write the triples, and beside them the dropped queries and the errors; a side file without rows is left out.

    Returns how many there are of each, and what became of the candidates.
    """
    rows: Counter[str] = Counter()
    candidates: Counter[str] = Counter()
    places = {"dropped": artifact.side_file("dropped"), "errors": artifact.side_file("errors")}
    with ExitStack() as stack:
        triples = stack.enter_context(atomic_write(artifact.output))
        sides = {part: stack.enter_context(atomic_write(path)) for part, path in places.items()}
        for unit in artifact.units():
            for _, row in read_jsonl(unit):
                candidates.update(row["counts"])
                for triple in row.get("triples", ()):
                    _write(triples, triple)
                    rows["triples"] += 1
                for part, field in (("dropped", "dropped"), ("errors", "error")):
                    if field in row:
                        _write(sides[part], row[field])
                        rows[part] += 1
    for part, path in places.items():
        if not rows[part]:
            path.unlink()
    return rows, candidates


def _write(stream: IO[bytes], row: dict[str, Any]) -> None:
    stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _units(queries: Iterable[SyntheticQuery], size: int) -> Iterator[list[SyntheticQuery]]:
    stream = iter(queries)
    while unit := list(islice(stream, size)):
        yield unit

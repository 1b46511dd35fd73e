"""A generation that came to nothing is an error: every later step would only fail with less to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.artifacts import Artifact, facts_of
from inpars.data.files import read_jsonl
from inpars.errors import NothingProduced, shorten
from inpars.models.language.unanswered import way_out

_LONGEST = 200


def check_queries(artifact: Artifact) -> None:
    """`NothingProduced` where the finished output has none."""
    facts = facts_of(artifact.output)
    if facts["queries"]:
        return
    if not facts["documents"]:
        raise NothingProduced(
            "there is no document to write queries for",
            hint="look at the corpus, and at --min-doc-chars and --max-doc-chars",
        )
    sides = (artifact.side_file(part) for part in ("errors", "dropped"))
    raise no_queries(facts["documents"], *sides, by_model="model" in artifact.inputs)


def no_queries(documents: int, errors: Path, dropped: Path, *, by_model: bool) -> NothingProduced:
    """The error for so many documents without a query; the side files, where they are there, say why."""
    why, hints = [], []
    failed = Counter(str(row["error"]) for row in _rows(errors))
    if failed:
        first = shorten(next(iter(failed)), _LONGEST)
        why.append(f"{_counted(failed.total(), 'error')}, the first: {first}")
        hints.append(f"the errors are in {errors}: once their cause is mended, the same command tries those documents")
    reasons = drop_reasons(dropped)
    if reasons:
        reason, count = reasons.most_common(1)[0]
        why.append(f"{_counted(reasons.total(), 'answer')} dropped, {count:,} of them because: {reason}")
        usual = "another prompt, another model or more --max-new-tokens" if by_model else "--model, or longer documents"
        hints.append(f"{dropped} has what was dropped: try {way_out(reason) or usual}")
    return NothingProduced(
        "; ".join([f"no query was written for {_counted(documents, 'document')}", *why]), hint="; ".join(hints)
    )


def drop_reasons(dropped: Path) -> Counter[str]:
    """How many answers were dropped for each reason."""
    return Counter(str(row["reason"]) for row in _rows(dropped))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    yield from (row for _, row in read_jsonl(path)) if path.is_file() else ()


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

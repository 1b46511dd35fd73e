"""What each rule removed among the candidates that were looked at."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.table import Table

TOLD = {
    "source": "the source itself",
    "known_positive": "another known positive",
    "near_duplicate": "says the same as a positive",
    "positive_aware": "scores too close to the positive",
    "relabelled": "a false negative, left out",
    "promoted": "a false negative, made a positive",
    "accepted": "a negative",
}
"""What became of a candidate, in the order in which the rules are applied."""


def table(counts: Counter[str]) -> Table:
    """The counts in words, with their shares of all candidates looked at."""
    total = sum(counts.values())
    shown = Table(box=None, pad_edge=False)
    shown.add_column(f"{total:,} candidates looked at")
    shown.add_column("count", justify="right")
    shown.add_column("share", justify="right")
    for name, told in TOLD.items():
        if counts[name]:
            shown.add_row(told, f"{counts[name]:,}", f"{counts[name] / total:.1%}")
    return shown


def facts(counts: Counter[str]) -> dict[str, Any]:
    """The same for the sidecar."""
    return {"looked_at": sum(counts.values())} | {name: counts[name] for name in TOLD}

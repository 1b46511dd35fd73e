"""The table at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.table import Table


def summary(metrics: dict[str, Any], title: str) -> Table:
    """Systems by measures; a star where a system differs from BM25 beyond chance (Holm, p < 0.05)."""
    measures = list(next(iter(metrics["systems"].values())))
    table = Table(title=title, title_justify="left", caption="* differs from bm25, p < 0.05", caption_justify="left")
    table.add_column("system")
    for measure in measures:
        table.add_column(measure, justify="right")
    starred = {
        (row["system"], row["measure"])
        for row in metrics["comparisons"]
        if row["baseline"] == "bm25" and row["p_holm"] < 0.05
    }
    for system, values in metrics["systems"].items():
        cells = (f"{values[m]:.4f}{'*' if (system, m) in starred else ' '}" for m in measures)
        table.add_row(system, *cells)
    return table

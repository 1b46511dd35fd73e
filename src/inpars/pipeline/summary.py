"""The table at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.table import Table


def summary(metrics: dict[str, Any], title: str) -> Table:
    """Systems by measures; a star where one differs from the first, the first stage, beyond chance (Holm, p < 0.05)."""
    first_stage = next(iter(metrics["systems"]))
    measures = list(next(iter(metrics["systems"].values())))
    starred = {
        (row["system"], row["measure"])
        for row in metrics["comparisons"]
        # How much is judged is no merit of a system.
        if row["baseline"] == first_stage and row["p_holm"] < 0.05 and not row["measure"].startswith("Judged")
    }
    caption = f"* differs from {first_stage}, p < 0.05" if starred else None
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    table.add_column("system")
    for measure in measures:
        table.add_column(measure, justify="right")
    for system, values in metrics["systems"].items():
        cells = (f"{values[m]:.4f}{'*' if (system, m) in starred else ' '}" for m in measures)
        table.add_row(system, *cells)
    return table

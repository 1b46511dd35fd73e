"""The learning curve: what was measured while a model trained, step by step."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from inpars.data.files import atomic_write, read_json, write_json


class Curve:
    """Rows of values by step, kept as `learning_curve.json` and, for spreadsheets, `learning_curve.csv`.

    Both files are written whole at every change: the rows are few, and a kill then leaves the curve
    of one moment or of another, never half a row. Rows that lie in the folder already are taken up.
    """

    def __init__(self, folder: str | Path) -> None:
        self.json, self.csv = (Path(folder) / f"learning_curve.{suffix}" for suffix in ("json", "csv"))
        self.rows: list[dict[str, Any]] = read_json(self.json) if self.json.is_file() else []

    def add(self, step: int, **values: Any) -> None:
        """Add values measured after `step`; they join the last row where that is of the same step."""
        if self.rows and self.rows[-1]["step"] == step:
            self.rows[-1].update(values)
        else:
            self.rows.append({"step": step, **values})
        self._write()

    def cut(self, step: int) -> None:
        """Forget what came after `step`: a training resumed there measures it anew."""
        self.rows = [row for row in self.rows if row["step"] <= step]
        self._write()

    def _write(self) -> None:
        write_json(self.json, self.rows)
        columns = list(dict.fromkeys(name for row in self.rows for name in row)) or ["step"]
        text = io.StringIO()
        table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        with atomic_write(self.csv) as stream:
            stream.write(text.getvalue().encode())

"""Parquet, through pyarrow; the locator is the row number from 0."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.formats import Row
from inpars.errors import InputError, MissingDependency

_BATCH = 1024


class ParquetRows:
    """The rows of a `.parquet` file, one row group in memory at a time."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow.parquet as parquet
        except ImportError:
            raise MissingDependency("pyarrow", "files", "reading .parquet files") from None
        self.path = path
        if not path.is_file():
            raise InputError(path, expected="a readable file", found="nothing there")
        try:
            self._file = parquet.ParquetFile(path)
        except Exception as error:
            raise InputError(path, expected="a Parquet file", found=str(error).splitlines()[0]) from error
        metadata = self._file.metadata
        self._starts = [0]
        for group in range(metadata.num_row_groups):
            self._starts.append(self._starts[-1] + metadata.row_group(group).num_rows)
        self._group: tuple[int, Any] = (-1, None)

    def rows(self) -> Iterator[Row]:
        """Stream every row."""
        number = 0
        for batch in self._file.iter_batches(batch_size=_BATCH):
            for values in batch.to_pylist():
                yield Row(number, number + 1, values)
                number += 1

    def fetch(self, locator: int) -> Row:
        """Row `locator`; its row group stays in memory for the next call."""
        group = bisect.bisect_right(self._starts, locator) - 1
        if self._group[0] != group:
            self._group = (group, self._file.read_row_group(group))
        values = self._group[1].slice(locator - self._starts[group], 1).to_pylist()[0]
        return Row(locator, locator + 1, values)

"""Parquet, through pyarrow; the locator is the row number from 0."""

from __future__ import annotations

import bisect
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.columns import Columns
from inpars.data.contents import taken_for
from inpars.data.fields import Kind
from inpars.data.files import COMPRESSIONS, first_line
from inpars.data.formats import Row
from inpars.data.formats.spool import open_seekable, open_spool
from inpars.errors import InputError, MissingDependency

_BATCH = 1024
_SPOOLED = 64


class ParquetRows:
    """The rows of a `.parquet` file, a batch in memory at a time."""

    reading = ""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        try:
            import pyarrow.parquet as parquet
        except ImportError:
            raise MissingDependency("pyarrow", "files", "reading .parquet files") from None
        self.path = path
        try:
            if path.suffix.lower() in COMPRESSIONS:
                spool = open_seekable(path)
                weakref.finalize(self, spool.close)
                self._file = parquet.ParquetFile(spool)
            else:
                self._file = parquet.ParquetFile(path)
        except Exception as error:
            found, hint = taken_for(path) or (first_line(error), "")
            raise InputError(path, expected="a Parquet file", found=found, hint=hint) from error
        self._starts: list[int] = []
        self._spool: Any = None

    def rows(self) -> Iterator[Row]:
        """Stream every row."""
        number = 0
        for batch in self._batches(_BATCH):
            for values in batch.to_pylist():
                yield Row(number, number + 1, values)
                number += 1

    def fetch(self, locator: int) -> Row:
        """Row `locator`."""
        if self._spool is None:
            self._spool = self._open_spool()
        number = bisect.bisect_right(self._starts, locator) - 1
        batch = self._spool.get_batch(number)
        return Row(locator, locator + 1, batch.slice(locator - self._starts[number], 1).to_pylist()[0])

    def _batches(self, size: int) -> Iterator[Any]:
        try:
            yield from self._file.iter_batches(batch_size=size)
        except Exception as error:
            raise InputError(self.path, expected="readable Parquet data", found=first_line(error)) from error

    def _open_spool(self) -> Any:
        """The rows once more, in a temporary Arrow file of small batches: a row group may hold a million rows."""
        import pyarrow as arrow

        spool = open_spool()
        weakref.finalize(self, spool.close)
        writer, start = None, 0
        for batch in map(_plain, self._batches(_SPOOLED)):
            if writer is None:
                writer = arrow.ipc.new_file(spool, batch.schema)
            writer.write_batch(batch)
            self._starts.append(start)
            start += len(batch)
        assert writer is not None, "only rows that were seen are fetched"
        writer.close()
        spool.seek(0)
        return arrow.ipc.open_file(spool)


def _plain(batch: Any) -> Any:
    # An Arrow file takes one dictionary a column, and Parquet may have one in each row group.
    import pyarrow as arrow

    columns = [c.dictionary_decode() if arrow.types.is_dictionary(c.type) else c for c in batch.columns]
    return arrow.RecordBatch.from_arrays(columns, names=batch.schema.names)

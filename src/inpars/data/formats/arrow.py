"""Arrow files, as `datasets` saves them, through pyarrow; the locator is the row number."""

from __future__ import annotations

import bisect
import weakref
from collections.abc import Iterator
from pathlib import Path

from inpars.data.columns import Columns
from inpars.data.contents import taken_for
from inpars.data.fields import Kind
from inpars.data.files import COMPRESSIONS, first_line
from inpars.data.formats import Row
from inpars.data.formats.spool import open_seekable
from inpars.errors import InputError, MissingDependency

_BATCH = 1024


class ArrowRows:
    """The rows of an Arrow file, in its form as a stream or as a file; memory-mapped."""

    reading = ""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        try:
            import pyarrow as arrow
        except ImportError:
            raise MissingDependency("pyarrow", "files", "reading .arrow files") from None
        self.path = path
        try:
            if path.suffix.lower() in COMPRESSIONS:
                spool = open_seekable(path)
                weakref.finalize(self, spool.close)
                source = arrow.PythonFile(spool, mode="r")
            else:
                source = arrow.memory_map(str(path))
            try:
                reader = arrow.ipc.open_file(source)
                self._batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
            except arrow.ArrowInvalid:
                source.seek(0)
                self._batches = list(arrow.ipc.open_stream(source))
        except InputError:
            raise
        except Exception as error:
            found, hint = taken_for(path) or (first_line(error), "")
            raise InputError(path, expected="an Arrow file", found=found, hint=hint) from error
        self._starts = [0]
        for batch in self._batches:
            self._starts.append(self._starts[-1] + len(batch))

    def rows(self) -> Iterator[Row]:
        """Stream every row."""
        number = 0
        for batch in self._batches:
            for start in range(0, len(batch), _BATCH):
                for values in batch.slice(start, _BATCH).to_pylist():
                    yield Row(number, number + 1, values)
                    number += 1

    def fetch(self, locator: int) -> Row:
        """Row `locator`."""
        number = bisect.bisect_right(self._starts, locator) - 1
        values = self._batches[number].slice(locator - self._starts[number], 1).to_pylist()[0]
        return Row(locator, locator + 1, values)

"""Random access to line files, compressed ones included."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO

from inpars.data.files import COMPRESSIONS, open_binary


class SeekableLines:
    """A handle that can go to any byte offset of the decompressed file.

    A compressed file cannot be entered in the middle, so it is decompressed once, on first use,
    into an unnamed temporary file that goes when the handle does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[bytes] | None = None

    def at(self, offset: int) -> IO[bytes]:
        """The stream, positioned at `offset`."""
        if self._stream is None:
            self._stream = self._open()
        self._stream.seek(offset)
        return self._stream

    def _open(self) -> IO[bytes]:
        if self.path.suffix not in COMPRESSIONS:
            return self.path.open("rb")
        spool = tempfile.TemporaryFile(prefix="inpars-")  # noqa: SIM115 - lives as long as the handle
        with open_binary(self.path) as stream:
            shutil.copyfileobj(stream, spool, 1 << 20)
        return spool

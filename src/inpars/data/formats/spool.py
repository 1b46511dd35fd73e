"""Random access to line files, compressed ones included."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO

from inpars.data.files import COMPRESSIONS, open_binary


def open_spool() -> IO[bytes]:
    """An unnamed temporary file, which goes when it is closed."""
    return tempfile.TemporaryFile(prefix="inpars-")


def open_seekable(path: Path) -> IO[bytes]:
    """The decompressed file; a compressed one cannot be entered in the middle, and is spooled."""
    if path.suffix not in COMPRESSIONS:
        return path.open("rb")
    spool = open_spool()
    try:
        with open_binary(path) as stream:
            shutil.copyfileobj(stream, spool, 1 << 20)
    except BaseException:
        spool.close()
        raise
    return spool


class SeekableLines:
    """A handle that can go to any byte offset of the decompressed file; opened on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[bytes] | None = None

    def at(self, offset: int) -> IO[bytes]:
        """The stream, positioned at `offset`."""
        if self._stream is None:
            self._stream = open_seekable(self.path)
            weakref.finalize(self, self._stream.close)
        self._stream.seek(offset)
        return self._stream

"""Random access to line files, compressed and converted ones included."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO

from inpars.data.files import COMPRESSIONS, open_binary, text_stream


def open_spool() -> IO[bytes]:
    """An unnamed temporary file, which goes when it is closed."""
    return tempfile.TemporaryFile(prefix="inpars-")


def open_seekable(path: Path) -> IO[bytes]:
    """The decompressed file; a compressed one cannot be entered in the middle, and is spooled."""
    return _spooled(open_binary(path)) if path.suffix.lower() in COMPRESSIONS else path.open("rb")


def open_seekable_text(path: Path) -> IO[bytes]:
    """The file as `open_text` gives it; what is decompressed or converted is spooled."""
    stream, converted = text_stream(open_binary(path), path)
    if converted or path.suffix.lower() in COMPRESSIONS:
        return _spooled(stream)
    stream.close()
    return path.open("rb")


def _spooled(stream: IO[bytes]) -> IO[bytes]:
    spool = open_spool()
    try:
        with stream:
            shutil.copyfileobj(stream, spool, 1 << 20)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool


class SeekableLines:
    """A handle that can go to any byte offset of the text; opened on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[bytes] | None = None

    def at(self, offset: int) -> IO[bytes]:
        """The stream, positioned at `offset`."""
        if self._stream is None:
            self._stream = open_seekable_text(self.path)
            weakref.finalize(self, self._stream.close)
        self._stream.seek(offset)
        return self._stream

"""Reading Zstandard data, cut-off data included: zstandard's own reader takes those for complete."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from inpars.errors import MissingDependency

_BLOCK = 1 << 16


def zstandard() -> Any:
    """The library, or `MissingDependency`."""
    try:
        import zstandard
    except ImportError:
        raise MissingDependency("zstandard", "files", "reading and writing .zst files") from None
    return zstandard


class ZstdReader(io.RawIOBase):
    """The decompressed bytes of a file, frame after frame; `EOFError` where the last frame has no end."""

    def __init__(self, path: Path) -> None:
        self._library = zstandard()
        self._file = path.open("rb")
        self._frame: Any = None
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """True, as `io` asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as the next block goes; 0 at the end."""
        while not self._ready:
            if not (block := self._rest or self._file.read(_BLOCK)):
                if self._frame is not None:
                    raise EOFError("Compressed file ended before the end-of-frame marker was reached")
                return 0
            if self._frame is None:
                self._frame = self._library.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(block))
            self._rest = b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        """Close the file below."""
        if not self.closed:
            self._file.close()
        super().close()

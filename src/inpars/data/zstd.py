"""Reading Zstandard data, cut-off data included: zstandard's own reader takes those for complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from inpars.errors import MissingDependency

_BLOCK = 1 << 16


def zstandard() -> Any:
    """The library, or `MissingDependency`."""
    try:
        import zstandard
    except ImportError:
        raise MissingDependency("zstandard", "files", "reading and writing .zst files") from None
    return zstandard


def zstd_chunks(source: IO[bytes]) -> Iterator[bytes]:
    """The decompressed bytes of a file, frame after frame; `EOFError` where the last frame has no end."""
    library = zstandard()
    frame: Any = None
    rest = b""
    while block := rest or source.read(_BLOCK):
        frame = frame or library.ZstdDecompressor().decompressobj()
        yield frame.decompress(block)
        rest = b""
        if frame.eof:
            rest, frame = frame.unused_data, None
    if frame is not None:
        raise EOFError("Compressed file ended before the end-of-frame marker was reached")

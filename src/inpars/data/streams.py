"""Streams of bytes made of others: decompressed, or converted to UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from inpars.data.zstd import zstandard, zstd_chunks

COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz")

_BLOCK = 1 << 16
# Longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decompressed(path: Path) -> IO[bytes]:
    """Open `path` for reading, decompressed as its suffix says."""
    match path.suffix.lower():
        case ".gz":
            return cast(IO[bytes], gzip.open(path, "rb"))
        case ".zst":
            source = path.open("rb")
            return _buffered(zstd_chunks(source), source)
        case ".bz2":
            return cast(IO[bytes], bz2.open(path, "rb"))
        case ".xz":
            return cast(IO[bytes], lzma.open(path, "rb"))
    return path.open("rb")


def compressing(raw: IO[bytes], suffix: str) -> IO[bytes] | None:
    """A stream that writes to `raw`, compressed as the suffix says; None for a suffix that says nothing."""
    match suffix.lower():
        case ".gz":
            # No name and no time in the header, so that equal contents give equal bytes.
            return cast(IO[bytes], gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0))
        case ".zst":
            return cast(IO[bytes], zstandard().ZstdCompressor().stream_writer(raw, closefd=False))
        case ".bz2":
            return cast(IO[bytes], bz2.BZ2File(raw, "wb"))
        case ".xz":
            return cast(IO[bytes], lzma.LZMAFile(raw, "wb"))
    return None


def wide_encoding(head: bytes) -> str:
    """The encoding that a byte order mark of UTF-16 or UTF-32 tells; empty for any other beginning."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")


def has_lone_returns(head: bytes) -> bool:
    """Whether lines end in a carriage return alone, as in what Excel calls "CSV (Macintosh)"."""
    return b"\r" in head and b"\n" not in head and b"\r" in head[:-1]


def as_utf8(stream: IO[bytes], encoding: str, *, returns: bool = False) -> IO[bytes]:
    """`stream` converted from `encoding` to UTF-8; with `returns`, carriage returns become line feeds."""
    chunks: Iterator[bytes] = iter(lambda: stream.read(_BLOCK), b"")
    if encoding:
        chunks = (text.encode() for text in codecs.iterdecode(chunks, encoding))
    if returns:
        chunks = (chunk.replace(b"\r", b"\n") for chunk in chunks)
    return _buffered(chunks, stream)


def _buffered(chunks: Iterator[bytes], source: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Chunks(chunks, source))


class _Chunks(io.RawIOBase):
    """Chunks of bytes as a stream, which closes `source` when it is closed."""

    def __init__(self, chunks: Iterator[bytes], source: IO[bytes]) -> None:
        self._chunks, self._source = chunks, source
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """True, as `io` asks."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the next chunk goes; 0 at the end."""
        while not self._ready:
            if (chunk := next(self._chunks, None)) is None:
                return 0
            self._ready = memoryview(chunk)
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        """Close the source below."""
        if not self.closed:
            self._source.close()
        super().close()

"""Opening files for reading, compressed or not, and writing them so that no half-written one is ever seen."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import orjson

from inpars.data.lock import check_locks
from inpars.data.paths import require_file, require_place, unreadable
from inpars.data.zstd import ZstdReader, zstandard
from inpars.errors import InputError, shorten, system_error

COMPRESSIONS = (".gz", ".zst")


def format_suffix(path: Path) -> str:
    """The suffix that names the format, below any compression: `.jsonl` for `docs.jsonl.gz`."""
    return (path.with_suffix("") if path.suffix in COMPRESSIONS else path).suffix.lower()


def first_line(error: Exception) -> str:
    """What a library says in an error's first line, or the error's name where it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def read_text(path: Path) -> str:
    """The whole of a UTF-8 file; `InputError` where it is none."""
    require_file(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(path, expected="UTF-8 text", found="other bytes") from None
    except OSError as error:
        raise unreadable(path, error) from None


def open_binary(path: Path) -> IO[bytes]:
    """Open `path` for reading bytes, decompressed as its suffix says. `InputError` where it is no readable file."""
    require_file(path)
    try:
        if path.suffix == ".gz":
            return cast(IO[bytes], gzip.open(path, "rb"))
        if path.suffix == ".zst":
            return io.BufferedReader(ZstdReader(path))
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def read_lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield `(line number from 1, byte offset of the line in the decompressed stream, line)`."""
    offset = 0
    number = 0
    with open_binary(path) as stream:
        try:
            for number, line in enumerate(stream, start=1):
                yield number, offset, line
                offset += len(line)
        except _broken_data_errors() as error:
            if isinstance(error, OSError) and error.errno:
                raise system_error(error, path) from None
            raise InputError(
                path, line=number + 1, expected=f"readable {path.suffix} data", found=str(error)
            ) from error


def decode(path: Path, number: int, line: bytes) -> str:
    """The text of one line; `InputError` where it is not UTF-8. `number` is 0 where it is not known."""
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        bad = error.object[error.start : error.start + 1].hex()
        raise InputError(
            path,
            line=number or None,
            expected="UTF-8 text",
            found=f"byte 0x{bad} at column {error.start + 1}",
            hint="convert it first, for example: iconv -f latin1 -t utf-8 FILE",
        ) from None


def read_text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield `(line number, text without its line end)` for every line that is not blank."""
    for number, _, line in read_lines(path):
        text = decode(path, number, line).rstrip("\r\n")
        if text.strip():
            yield number, text


def parse_json_object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """One line of a JSONL file as a dict; `InputError` where it is anything else. NaN and Infinity become None."""
    line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    try:
        row = _loads(line)
    except orjson.JSONDecodeError as error:
        text = decode(path, number, line).rstrip()
        raise InputError(
            path, line=number or None, expected="one JSON object", found=f"{shorten(text)} ({error.msg})"
        ) from None
    if not isinstance(row, dict):
        raise InputError(path, line=number or None, expected="one JSON object", found=shorten(row))
    return row


def _loads(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        # Python and pandas write them, though JSON has no such numbers.
        if not any(word in line for word in (b"NaN", b"Infinity")):
            raise
        try:
            return json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            raise error from None


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)` for every line that is not blank."""
    for number, _, line in read_lines(path):
        if line.strip():
            yield number, parse_json_object(path, number, line)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Write bytes to `path` all or nothing: a temporary file beside it takes its name once complete.

    `OptionError` where there can be no file at `path`, `InparsError` where the disk is full or fails, and where
    another process has taken over what this one had locked.
    """
    require_place(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as raw, _compressed(raw, path.suffix) as stream:
            yield stream
        check_locks()
        os.replace(temporary, path)
    except OSError as error:
        # Those of other files and of connections are not ours to tell; writing to an open file names none.
        if error.filename == str(temporary) or (error.filename is None and type(error) is OSError):
            raise system_error(error, path) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object a line, atomically; returns how many."""
    count = 0
    with atomic_write(path) as stream:
        for row in rows:
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY))
            count += 1
    return count


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic_write(path) as stream:
        stream.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_json(path: Path) -> Any:
    """The value in a JSON file of ours; `InputError` where it cannot be read."""
    with open_binary(path) as stream:
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise InputError(path, line=error.lineno, expected="JSON", found=error.msg) from None


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes as they lie on disk, in hexadecimal; `InputError` where it cannot be read."""
    require_file(path)
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256") if hasattr(hashlib, "file_digest") else _digest(stream)
            return digest.hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None


def _digest(stream: IO[bytes]) -> hashlib._Hash:
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest


def digest_of(folder: Path, names: Iterable[str]) -> hashlib._Hash:
    """SHA-256, to be gone on with, over the names of files in `folder` and their bytes."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\x1f{file_hash(folder / name)}\x1e".encode(errors="surrogateescape"))
    return digest


@contextlib.contextmanager
def _compressed(raw: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    if suffix == ".gz":
        # No name and no time in the header, so that equal contents give equal bytes.
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream:
            yield cast(IO[bytes], stream)
    elif suffix == ".zst":
        with zstandard().ZstdCompressor().stream_writer(raw, closefd=False) as stream:
            yield cast(IO[bytes], stream)
    else:
        yield raw


def _broken_data_errors() -> tuple[type[Exception], ...]:
    """What the decompressors raise for data that is cut off or is not theirs."""
    try:
        import zstandard
    except ImportError:
        return (OSError, EOFError, zlib.error)
    return (OSError, EOFError, zlib.error, cast(type[Exception], zstandard.ZstdError))

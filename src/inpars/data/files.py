"""Opening files for reading, compressed or not, and writing them so that no half-written one is ever seen."""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import orjson

from inpars.data.contents import HEAD, encoding_hint, not_compressed, not_text, web_page
from inpars.data.lock import check_locks
from inpars.data.paths import require_file, require_place, unreadable
from inpars.data.streams import COMPRESSIONS as COMPRESSIONS
from inpars.data.streams import as_utf8, compressing, decompressed, has_lone_returns, wide_encoding
from inpars.data.surrogates import mended
from inpars.errors import InparsError, InputError, shorten, system_error

_PEEK = 1 << 12


def format_suffix(path: Path) -> str:
    """The suffix that names the format, below any compression: `.jsonl` for `docs.jsonl.gz`."""
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path).suffix.lower()


def first_line(error: Exception) -> str:
    """What a library says in an error's first line, or the error's name where it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def open_binary(path: Path) -> IO[bytes]:
    """Open `path` for reading bytes, decompressed as its suffix says. `InputError` where it is no readable file."""
    require_file(path)
    try:
        return decompressed(path)
    except OSError as error:
        raise unreadable(path, error) from None


@contextlib.contextmanager
def open_text(path: Path, *, records: bool = True) -> Iterator[IO[bytes]]:
    """Open a text file for reading UTF-8 bytes, decompressed; UTF-16 with a byte order mark is converted.

    Of `records`, lines may end in a carriage return alone; it is read as a line feed. `InputError` for what the
    first bytes show to be no text, and in the block below for data that cannot be decompressed or converted.
    """
    with open_binary(path) as stream, _readable(path):
        stream, _ = text_stream(stream, path, records=records)
        yield stream


def text_stream(stream: IO[bytes], path: Path, *, records: bool = True) -> tuple[IO[bytes], bool]:
    """`stream` as UTF-8, and whether it had to be converted; as `open_text` does."""
    head: bytes = stream.peek(_PEEK)  # type: ignore[attr-defined]
    encoding = wide_encoding(head)
    if not encoding and (content := not_text(head[:HEAD], path)):
        raise InputError(path, expected="a text file", found=content.found, hint=content.hint)
    returns = records and has_lone_returns(head.replace(b"\0", b"") if encoding else head)
    return (as_utf8(stream, encoding, returns=returns), True) if encoding or returns else (stream, False)


def read_head(path: Path, size: int, *, text: bool = True) -> bytes:
    """The first `size` bytes, decompressed; those of a `text` as `open_text` gives them."""
    with open_binary(path) as stream, _readable(path):
        if text:
            stream, _ = text_stream(stream, path)
        return stream.read(size)


def read_lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield `(line number from 1, byte offset of the line in the stream, line)` of the text that `open_text` gives."""
    offset = 0
    number = 0
    with open_binary(path) as stream:
        try:
            stream, _ = text_stream(stream, path)
            for number, line in enumerate(stream, start=1):
                yield number, offset, line
                offset += len(line)
        except _broken_data_errors() as error:
            raise _broken(path, error, number + 1) from error


def read_document(path: Path) -> str:
    """The whole of a text file, line ends as they are; `InputError` where it is none."""
    with open_text(path, records=False) as stream:
        data = stream.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        for line in data.splitlines(keepends=True)[number - 1 :]:
            decode(path, number, line)
        raise


def read_text(path: Path) -> str:
    """The whole of a text file, with `\\n` for every line end; `InputError` where it is none."""
    return re.sub("\r\n?", "\n", read_document(path))


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
            hint=encoding_hint(path, line),
        ) from None


def read_text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield `(line number, text without its line end)` for every line that is not blank."""
    for number, _, line in read_lines(path):
        _refuse_web_page(path, number, line)
        text = decode(path, number, line).rstrip("\r\n")
        if text.strip():
            yield number, text


def parse_json_object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """One line of a JSONL file as a dict; `InputError` where it is anything else. NaN and Infinity become None, half a
    character (`\\ud83d`) the replacement character."""
    line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    _refuse_web_page(path, number, line)
    try:
        row = _loads(line)
    except orjson.JSONDecodeError as error:
        text = decode(path, number, line).rstrip()
        found, hint = f"{shorten(text)} ({error.msg})", _json_hint(path, number, text)
        raise InputError(path, line=number or None, expected="one JSON object", found=found, hint=hint) from None
    if not isinstance(row, dict):
        hint = _json_hint(path, number, "[") if isinstance(row, list) else ""
        raise InputError(path, line=number or None, expected="one JSON object", found=shorten(row), hint=hint)
    return row


def _json_hint(path: Path, number: int, text: str) -> str:
    """What to do about a file of JSON whose first line is a part of it only."""
    if number != 1 or text not in ("[", "{"):
        return ""
    return f"write one object a line: jq -c '{'.[]' if text == '[' else '.'}' {path} > NEW"


def _refuse_web_page(path: Path, number: int, line: bytes) -> None:
    if number == 1 and (content := web_page(line)):
        raise InputError(path, expected="data", found=content.found, hint=content.hint)


def _loads(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        # Numbers and halves of characters that Python and others write, though JSON has none of them.
        if not any(word in line for word in (b"NaN", b"Infinity", b"\\ud", b"\\uD")):
            raise
        try:
            return mended(json.loads(line, parse_constant=lambda _: None))
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
    if (compressor := compressing(raw, suffix)) is None:
        yield raw
    else:
        with compressor as stream:
            yield stream


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except _broken_data_errors() as error:
        raise _broken(path, error, None) from error


def _broken(path: Path, error: Exception, line: int | None) -> InparsError:
    """The error for data that cannot be decompressed or converted to UTF-8."""
    if isinstance(error, OSError) and error.errno:
        return system_error(error, path)
    if isinstance(error, UnicodeError):
        hint = "is it complete? convert it yourself, for example: iconv -f utf-16 -t utf-8 FILE"
        return InputError(
            path, line=line, expected="UTF-16 text, as its byte order mark says", found=str(error), hint=hint
        )
    expected, hint = f"readable {path.suffix} data", not_compressed(path)
    return InputError(path, line=line, expected=expected, found=str(error), hint=hint)


def _broken_data_errors() -> tuple[type[Exception], ...]:
    """What decompressors and decoders raise for data that is cut off or is not theirs."""
    found = (OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError)
    try:
        import zstandard
    except ImportError:
        return found
    return (*found, cast(type[Exception], zstandard.ZstdError))

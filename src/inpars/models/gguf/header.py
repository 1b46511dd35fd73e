"""The header of a GGUF file: what it says of the model, and where each tensor lies; no library is needed.

The format: github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
"""

from __future__ import annotations

import math
import mmap
import os
import re
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from inpars.data.contents import HEAD, not_text, web_page
from inpars.data.files import file_hash
from inpars.errors import InputError

MAGIC = b"GGUF"
F32, F16 = 0, 1
"""Numbers of formats that are not quantised."""
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
# Longer arrays of strings are vocabularies and merges, which nobody asks a header for.
_LONG = 1024
# Larger numbers are those of a broken file.
_MOST = 1 << 24
_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


class Tensor(NamedTuple):
    """A tensor's name, its shape as ggml has it (the fastest dimension first), its format's number, and its place."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class Header(NamedTuple):
    """What a file says of itself: metadata by key (of long arrays of strings the length), and its tensors.

    `data` is the byte at which the tensors begin, `size` the file's length.
    """

    metadata: dict[str, Any]
    tensors: tuple[Tensor, ...]
    data: int
    size: int

    @property
    def architecture(self) -> str:
        """The kind of model, by llama.cpp's name: llama, qwen2, gemma3."""
        return str(self.metadata.get("general.architecture", ""))

    def of_model(self, key: str, default: Any = None) -> Any:
        """A value that is kept under the architecture's name, as `llama.context_length` is."""
        return self.metadata.get(f"{self.architecture}.{key}", default)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the model is said to speak."""
        found = self.metadata.get("general.languages")
        return tuple(map(str, found)) if isinstance(found, list) else ()


def read_header(path: Path) -> Header:
    """The header of a GGUF file, kept for the next time. `InputError` where it is none, of another version or cut."""
    return _read(*_state(path))


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, kept for as long as the file stays as it is."""
    return _hash(*_state(path))


def _state(path: Path) -> tuple[Path, int, int]:
    stat = os.stat(path)
    return Path(os.path.realpath(path)), stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=16)
def _hash(path: Path, size: int, changed: int) -> str:
    return file_hash(path)


@lru_cache(maxsize=4)
def _read(path: Path, size: int, changed: int) -> Header:
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        _require_magic(path, head)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as blob:
            try:
                header = _parse(blob, size)
            except (struct.error, IndexError):
                raise _cut_short(path, f"{size:,} bytes, which end within its header") from None
            except (UnicodeDecodeError, KeyError, OverflowError) as error:
                raise InputError(path, expected="a GGUF file", found=f"a broken header ({error})") from None
    needed = max((header.data + tensor.offset + 1 for tensor in header.tensors), default=0)
    if needed > size:
        raise _cut_short(path, f"{size:,} bytes, and tensors that begin beyond them, up to byte {needed - 1:,}")
    return header


def _require_magic(path: Path, head: bytes) -> None:
    if head[:4] != MAGIC:
        content = not_text(head, path) or web_page(head)
        found = content.found if content else "an empty file" if not head else f"one that begins with {head[:4]!r}"
        raise InputError(
            path, expected="a GGUF file", found=found, hint=content.hint if content else "download it again"
        )
    if len(head) < 24:
        raise _cut_short(path, f"{len(head)} bytes")
    version = int.from_bytes(head[4:8], "little")
    if version not in _VERSIONS:
        other = int.from_bytes(head[4:8], "big")
        found = f"big-endian GGUF version {other}" if other in _VERSIONS else f"GGUF version {version}"
        raise InputError(
            path,
            expected=f"GGUF version {' or '.join(map(str, _VERSIONS))}, little-endian",
            found=found,
            hint="convert the model again with a llama.cpp of today",
        )


def _cut_short(path: Path, found: str) -> InputError:
    return InputError(
        path, expected="a whole GGUF file", found=found, hint="it is cut short: download or copy it again"
    )


def _parse(blob: mmap.mmap, size: int) -> Header:
    tensor_count, count = struct.unpack_from("<QQ", blob, 8)
    if max(tensor_count, count) > _MOST:
        raise KeyError(f"{max(tensor_count, count):,} entries")
    place = 24
    metadata: dict[str, Any] = {}
    for _ in range(count):
        key, place = _string(blob, place)
        (kind,) = struct.unpack_from("<I", blob, place)
        metadata[key], place = _value(blob, place + 4, kind)
    tensors = []
    for _ in range(tensor_count):
        name, place = _string(blob, place)
        (dimensions,) = struct.unpack_from("<I", blob, place)
        if dimensions > 8:
            raise KeyError(f"a tensor of {dimensions} dimensions")
        *shape, kind, offset = struct.unpack_from(f"<{dimensions}QIQ", blob, place + 4)
        place += 16 + 8 * dimensions
        tensors.append(Tensor(name, tuple(shape), kind, offset))
    alignment = int(metadata.get("general.alignment", 32)) or 32
    return Header(metadata, tuple(tensors), -(-place // alignment) * alignment, size)


def _string(blob: mmap.mmap, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", blob, place)
    end = place + 8 + length
    if end > len(blob):
        raise IndexError(end)
    return blob[place + 8 : end].decode("utf-8"), end


def _value(blob: mmap.mmap, place: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return _string(blob, place)
    if kind != _ARRAY:
        form = f"<{_NUMBERS[kind]}"
        return struct.unpack_from(form, blob, place)[0], place + struct.calcsize(form)
    kind, count = struct.unpack_from("<IQ", blob, place)
    place += 12
    if kind in _NUMBERS:
        form = f"<{count}{_NUMBERS[kind]}"
        return list(struct.unpack_from(form, blob, place)), place + struct.calcsize(form)
    values: list[Any] = []
    for _ in range(count):
        if kind == _STRING and count > _LONG:
            place += 8 + struct.unpack_from("<Q", blob, place)[0]
            continue
        value, place = _value(blob, place, kind)
        values.append(value)
    return (values if len(values) == count else count), place


def part_of(path: Path, header: Header) -> tuple[int, int]:
    """Which part of how many a file is, by its name or its header; (1, 1) for a whole one."""
    if found := _SPLIT.search(path.name):
        return int(found[1]), int(found[2])
    count = int(header.metadata.get("split.count", 0))
    return (int(header.metadata.get("split.no", 0)) + 1, count) if count > 1 else (1, 1)

"""Whether a file is what it should be: cheap looks at its beginning and its end, before it may enter the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inpars.data.files import parse_json_object
from inpars.errors import InparsError, InputError, shorten

_BLOCK = 1 << 16
# For each kind the fields that a row must have, each in one of its spellings.
_FIELDS = {"queries": (("query", "question"), ("doc_id",)), "fewshot": (("query",), ("document",))}


class Wrong(InparsError):
    """The file is not what was asked for."""


def check_contents(kind: str, path: Path) -> None:
    """`Wrong` where the file `path` cannot be a whole file of that kind.

    Queries and few-shot examples: the first and the last line are JSON objects with the fields that
    every such row has. Runs: the first and the last line have six columns with a number as score, and
    the same tag. A page that tells of an error is shown by its beginning.
    """
    with path.open("rb") as stream:
        if page := page_text(stream.read(_BLOCK)):
            raise Wrong(f"what came is a web page, not a file: {page}")
    first, last, ended = _ends(path)
    if not first.strip():
        raise Wrong("what came is empty")
    check: Callable[[bytes], object] = _run_tag if kind == "runs" else lambda line: _row(kind, path, line)
    found = []
    for name, line in (("first", first), ("last", last)):
        try:
            found.append(check(line))
        except (ValueError, InputError) as error:
            reason = str(error) if isinstance(error, ValueError) else f"not the {kind} expected"
            raise Wrong(f"its {name} line is {reason}: {shorten(line.decode(errors='replace').strip(), 120)}") from None
    # Six columns may be left even of a line that was cut.
    if kind == "runs" and not ended and found[0] != found[1]:
        raise Wrong(f"its last line is cut: {shorten(last.decode(errors='replace'), 120)}")


def page_text(beginning: bytes) -> str:
    """The beginning of a web page or an XML error, quoted; empty for anything else."""
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    return shorten(" ".join(text[:1000].decode(errors="replace").split()), 200) if text.startswith(b"<") else ""


def _ends(path: Path) -> tuple[bytes, bytes, bool]:
    """The first line, the last line that is not blank, and whether that one is ended."""
    with path.open("rb") as stream:
        first = stream.readline()
        position = stream.seek(0, 2)
        tail = b""
        while position and b"\n" not in tail.rstrip():
            size = min(_BLOCK, position)
            position -= size
            stream.seek(position)
            tail = stream.read(size) + tail
    return first, tail.rstrip().rpartition(b"\n")[2], tail.endswith(b"\n")


def _row(kind: str, path: Path, line: bytes) -> None:
    row = parse_json_object(path, 0, line.removeprefix(b"\xef\xbb\xbf"))
    for spellings in _FIELDS[kind]:
        if not any(name in row for name in spellings):
            raise ValueError(f"without {' or '.join(map(repr, spellings))}")


def _run_tag(line: bytes) -> bytes:
    fields = line.split()
    if len(fields) != 6:
        raise ValueError(f"of {len(fields)} columns instead of 6")
    try:
        float(fields[4])
    except ValueError:
        raise ValueError("without a number as score") from None
    return fields[5]

"""What a file really is that was taken for text, by its first bytes, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

HEAD = 512
"""Bytes that tell; a tar archive has its mark at 257."""


PARQUET, ARROW = b"PAR1\x15", b"ARROW1\x00"
"""What these files begin with, as no text does."""


class Content(NamedTuple):
    """What the bytes are, and a hint."""

    found: str
    hint: str


_UNPACK = "unpack it first, then name the file, or the folder, that was in it"
_UNTAR = "unpack it (tar -xf {path}), then name the folder"
_TAR_AND_COMPRESSED = (".tgz", ".tbz", ".tbz2", ".txz")
_NAME_IT = "give it the ending that says so: mv {{path}} {{path}}{0}"
_OFFICE = "save it as text: a table as 'CSV UTF-8', a document as plain text"
_MARKS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, PARQUET, "a Parquet file", _NAME_IT.format(".parquet")),
    (0, ARROW, "an Arrow file", _NAME_IT.format(".arrow")),
    (0, b"\x1f\x8b", "gzip data", _NAME_IT.format(".gz")),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard data", _NAME_IT.format(".zst")),
    (0, b"\xfd7zXZ\x00", "xz data", _NAME_IT.format(".xz")),
    (4, b"1AY&SY", "bzip2 data", _NAME_IT.format(".bz2")),
    (257, b"ustar\x00", "a tar archive", _UNTAR),
    (257, b"ustar  \x00", "a tar archive", _UNTAR),
    (0, b"%PDF-", "a PDF file", "take its text out first, for example: pdftotext {path}"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (.xls or .doc)", _OFFICE),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (0, b"SQLite format 3\x00", "an SQLite database", "write the table to CSV first, for example with sqlite3 -csv"),
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, which stands for a file that was not downloaded",
        "git lfs pull, in its repository",
    ),
)
_ZIP = b"PK\x03\x04"
_IN_ZIP = (
    (b"xl/", "an Excel workbook", _OFFICE),
    (b"word/", "a Word document", _OFFICE),
    (b"ppt/", "a PowerPoint file", _OFFICE),
    (b"[Content_Types].xml", "an Office file (.xlsx or .docx)", _OFFICE),
    (b"mimetypeapplication/vnd.oasis", "an OpenDocument file", _OFFICE),
    (b"mimetypeapplication/epub", "an EPUB book", "take its text out first"),
)
_COMPRESSED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\x00"}


def not_text(head: bytes, path: Path) -> Content | None:
    """What `head`, the first bytes of `path` as read, shows to be no text; None where it may be text."""
    if head.startswith(_ZIP):
        known = next(((name, hint) for mark, name, hint in _IN_ZIP if mark in head), ("a zip archive", _UNPACK))
        return Content(*known)
    if path.suffix.lower() in _TAR_AND_COMPRESSED:
        return Content("a compressed tar archive", _UNTAR.format(path=path))
    for offset, mark, found, hint in _MARKS:
        if head[offset : offset + len(mark)] == mark:
            if mark in (PARQUET, ARROW) and path.suffix.lower() in (".parquet", ".arrow", ".feather"):
                hint = "it is not read here: write it as text first, for example as JSON Lines"
            return Content(found, hint.format(path=path))
    return _wide_without_mark(head, path)


def web_page(head: bytes) -> Content | None:
    """A page of HTML in the place of data; None for anything else."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return Content(
            "a web page (HTML)", "was an error page saved in its place? look into it, and download the file again"
        )
    return None


def taken_for(path: Path) -> Content | None:
    """What a file is that is no table of the kind that its name says; None where its first bytes do not tell."""
    if path.suffix.lower() in _COMPRESSED:
        return None
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        return Content("an empty file", "was it downloaded, or written, to its end?")
    return not_text(head, path) or web_page(head)


def not_compressed(path: Path) -> str:
    """A hint where the suffix says that a file is compressed and its first bytes do not; else empty."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    mark = _COMPRESSED[path.suffix.lower()]
    if head.startswith(mark):
        return "is it complete? download or copy it again"
    other = next((suffix for suffix, known in _COMPRESSED.items() if head.startswith(known)), "")
    what = f"it is {other} data" if other else "it is not compressed" if head else "it is empty"
    return f"{what}: {f'mv {path} {path.with_suffix(other)}' if head else 'download or copy it again'}"


def encoding_hint(path: Path, head: bytes) -> str:
    """What to do about a file that is not UTF-8."""
    if b"\0" in head:
        return "is this a text file?"
    return (
        f"convert it first, for example: iconv -f cp1252 -t utf-8 {path} > NEW (cp1252 is what Windows and Excel write "
        "in Western Europe; others are latin2, cp1251, gb18030, big5, shift_jis, euc-kr)"
    )


def _wide_without_mark(head: bytes, path: Path) -> Content | None:
    """UTF-16 text without a byte order mark has a zero as every second byte, at least where it is Western."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    for zeros, others, name in ((odd, even, "utf-16le"), (even, odd, "utf-16be")):
        if half >= 4 and zeros > 0.4 * half and not others:
            hint = f"convert it first: iconv -f {name} -t utf-8 {path} > NEW"
            return Content(f"UTF-16 text ({name.removeprefix('utf-16').upper()}) without a byte order mark", hint)
    return None

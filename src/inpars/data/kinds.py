"""What a file holds, by its first bytes or one of its lines, so that an error can name the file that was meant."""

from __future__ import annotations

import re
from pathlib import Path

from inpars.data.files import format_suffix, read_lines
from inpars.errors import InputError

_BINARY = {
    b"PAR1": ("Parquet data", "give it a name that ends in .parquet"),
    b"\x1f\x8b": ("gzip data", "give it a name that ends in .gz, or decompress it: gunzip -c FILE > TEXT"),
    b"\x28\xb5\x2f\xfd": ("zstd data", "give it a name that ends in .zst, or decompress it: zstd -d FILE"),
    b"BZh": ("bzip2 data", "decompress it: bunzip2 FILE"),
    b"\xfd7zXZ": ("xz data", "decompress it: xz -d FILE"),
    b"PK\x03\x04": ("a ZIP archive, which Excel's files are too", "unpack it, or save the sheet as CSV (UTF-8)"),
    b"\xff\xfe": ("UTF-16 text", "convert it: iconv -f utf-16 -t utf-8 FILE > TEXT"),
    b"\xfe\xff": ("UTF-16 text", "convert it: iconv -f utf-16 -t utf-8 FILE > TEXT"),
}


def check_text(path: Path) -> None:
    """`InputError` where a file that is to be read as text is known by its first bytes to be none."""
    _, _, start = next(read_lines(path), (0, 0, b""))
    for magic, (found, hint) in _BINARY.items():
        if start.startswith(magic):
            named = format_suffix(path) == ".parquet"
            hint = "this command does not read Parquet: export it, for example as JSON Lines" if named else hint
            raise InputError(path, expected="UTF-8 text", found=found, hint=hint)
    if b"\0" in start[:8]:
        hint = "if it is UTF-16, convert it: iconv -f utf-16le -t utf-8 FILE > TEXT"
        raise InputError(path, expected="UTF-8 text", found="bytes that are 0", hint=hint)


def is_number(text: str) -> bool:
    """Whether a field is a number, such as a grade, a rank or a score."""
    return _NUMBER.fullmatch(text) is not None


def is_run_line(fields: list[str]) -> bool:
    """Whether these are the fields of a line of a TREC run; the tag may be missing, or have blanks in it."""
    return len(fields) >= 5 and is_number(fields[3]) and is_number(fields[4])


def is_qrels_line(fields: list[str]) -> bool:
    """Whether these are the fields of a line of TREC judgments."""
    return len(fields) == 4 and (fields[1].upper() == "Q0" or is_number(fields[1])) and is_number(fields[3])


def hint_for(line: str) -> str:
    """A hint that names what `line` looks like, where it is of another kind of file than was asked for."""
    fields = line.split()
    if is_run_line(fields):
        return "this looks like a run: is another file meant?"
    if is_qrels_line(fields):
        return "this looks like judgments: is another file meant?"
    if line.lstrip().startswith("<"):
        return "this looks like TREC topics: is another file meant?"
    if len(columns := line.split("\t")) == 2 and " " in columns[1].strip():
        return "this looks like queries (id <tab> text): is another file meant?"
    return ""


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

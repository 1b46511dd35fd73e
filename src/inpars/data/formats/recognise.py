"""The format of a file whose name does not say it, recognised by its first lines."""

from __future__ import annotations

from pathlib import Path

from inpars.data.contents import ARROW, HEAD, PARQUET, not_text, web_page
from inpars.data.fields import is_header
from inpars.data.files import COMPRESSIONS, format_suffix, read_head
from inpars.data.formats import FORMATS, RowSource
from inpars.data.formats.dialect import DELIMITERS
from inpars.data.formats.trec import TrecRows
from inpars.data.kinds import is_qrels_line, is_run_line
from inpars.data.streams import wide_encoding
from inpars.errors import InputError, shorten

_BINARY = {PARQUET: ".parquet", ARROW: ".arrow"}
_HEAD = 1 << 16
_LINES = 20


def recognise(path: Path) -> type[RowSource]:
    """The row source for `path`; `InputError`, which says what the file is, where there is none for it."""
    head = read_head(path, HEAD, text=False)
    for mark, suffix in _BINARY.items():
        if head.startswith(mark):
            return FORMATS[suffix]
    if not wide_encoding(head) and (content := not_text(head, path) or web_page(head)):
        raise _unknown(path, content.found, content.hint)
    data = read_head(path, _HEAD)
    text = data.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    lines = [line for line in text.splitlines() if line.strip()][:_LINES]
    if len(data) == _HEAD and len(lines) > 1:
        lines = lines[:-1]
    if not lines:
        raise _unknown(path, f"an empty file with the ending {path.suffix!r}", "")
    if text[:1] == "{" or (text[:1] == "[" and text[1:].lstrip()[:1] in ("{", "]")):
        return FORMATS[".json"]
    if text[:5].lower().startswith(("<doc>", "<doc ")):
        return TrecRows
    if all("\t" in line for line in lines):
        return FORMATS[".tsv"]
    if any(len(names := lines[0].split(mark)) > 1 and is_header(names) for mark in DELIMITERS):
        return FORMATS[".csv"]
    hint = "a corpus of plain texts is a folder of them, each a document: name the folder"
    if is_qrels_line(fields := lines[0].split()) or is_run_line(fields):
        hint = "these look like judgments or a run in TREC's form, not documents"
    raise _unknown(
        path, f"the ending {format_suffix(path)!r} and text that is none of these: {shorten(lines[0])}", hint
    )


def _unknown(path: Path, found: str, hint: str) -> InputError:
    compressed = f"{', '.join(COMPRESSIONS[:-1])} or {COMPRESSIONS[-1]}"
    expected = f"a file that ends in {', '.join(FORMATS)} (and {compressed})"
    return InputError(path, expected=expected, found=found, hint=hint)

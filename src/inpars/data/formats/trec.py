"""TREC's document files: `<DOC><DOCNO>…</DOCNO>…</DOC>`; the locator is the byte offset of `<DOC>`'s line."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from inpars.data.columns import Columns
from inpars.data.fields import Kind
from inpars.data.files import decode, read_lines
from inpars.data.formats import Row
from inpars.data.formats.spool import SeekableLines
from inpars.errors import InputError, shorten

_BEGIN, _END = (re.compile(rb"<DOC(?:\s[^<>]*)?>", re.IGNORECASE), re.compile(rb"</DOC>", re.IGNORECASE))
# WikiExtractor's documents, which begin with their title once more.
_ATTRIBUTES = re.compile(
    r'\s*<doc\s+id="(?P<id>[^"]+)"[^\n]*?\stitle="(?P<title>.*?)"\s*>\s*(?P<text>.*)</doc>', re.DOTALL
)
# Outside of documents: blank lines, and tags around them all.
_NOTHING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<[^<>]*>\s*)*")
_NUMBER = re.compile(r"<DOCNO>(.*?)</DOCNO>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<(TITLE|HEADLINE|HEAD|HL|TI)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_TEXT = re.compile(r"<TEXT>(.*?)</TEXT>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


class TrecRows:
    """The documents of a TREC file, with `docno`, `title` and `text`.

    The text is what stands in `<TEXT>`, or where there is none all but number and title; tags are left out of both.
    WikiExtractor's `<doc id="…" title="…">` are read as well; the line that repeats the title is no text.
    """

    reading = ""

    def __init__(self, path: Path, columns: Columns, kind: Kind) -> None:
        self.path = path
        self._seekable = SeekableLines(path)

    def rows(self) -> Iterator[Row]:
        """Stream every document; `InputError` for one without a number or an end."""
        begin: tuple[int, int] | None = None
        held: list[str] = []
        for number, offset, line in read_lines(self.path):
            if begin is None:
                if not _BEGIN.search(line):
                    if not _NOTHING.fullmatch(line):
                        found = shorten(decode(self.path, number, line).strip())
                        raise InputError(self.path, line=number, expected="<DOC>", found=found)
                    continue
                begin = number, offset
            held.append(decode(self.path, number, line))
            if _END.search(line):
                yield Row(begin[1], begin[0], self._fields("".join(held), begin[0]))
                begin, held = None, []
        if begin is not None:
            raise InputError(self.path, line=begin[0], expected="</DOC>", found="the end of the file")

    def fetch(self, locator: int) -> Row:
        """The document that begins in the line at byte offset `locator`."""
        held = [decode(self.path, 0, line) for line in _until_end(self._seekable.at(locator))]
        return Row(locator, 0, self._fields("".join(held), 0))

    def _fields(self, document: str, line: int) -> dict[str, str]:
        if extracted := _ATTRIBUTES.match(document):
            name, text = html.unescape(extracted["title"]), _plain(extracted["text"])
            first, _, rest = text.partition("\n")
            return {"docno": extracted["id"], "title": name, "text": rest.strip() if first.strip() == name else text}
        if not (number := _NUMBER.search(document)) or not number[1].strip():
            found = shorten(document.strip())
            raise InputError(self.path, line=line or None, expected="<DOCNO> in the document", found=found)
        title = _TITLE.search(document)
        rest = _TITLE.sub(" ", _NUMBER.sub(" ", document, count=1), count=1)
        texts = [text[1] for text in _TEXT.finditer(document)] or [rest]
        return {
            "docno": number[1].strip(),
            "title": _plain(title[2]) if title else "",
            "text": _plain("\n".join(texts)),
        }


def _until_end(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        if _END.search(line):
            return


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub(" ", text)).strip()

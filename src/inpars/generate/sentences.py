"""Cutting plain text into headings and sentences, whatever its conventions."""

from __future__ import annotations

import re
from typing import NamedTuple

# A full stop of a script without blanks needs none after it; nor does its comma between clauses, which are long there.
_BOUNDARY = re.compile(r"(?<=[.!?؟۔।॥։።])[\"')\]]?\s+|(?<=[。！？，；။។])|\n\s*\n|\s\.\s")
_UNDERLINE = re.compile(r"^\s*([=\-~^*#])\1{2,}\s*$")
_MARKED_HEADING = re.compile(r"^\s*#{1,6}\s+(.*?)\s*#*$")
_MAX_HEADING_WORDS = 12


class Span(NamedTuple):
    """A part of a text: `text[start:end]`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The part itself, on one line."""
        return " ".join(text[self.start : self.end].split())

    def cut_from(self, text: str) -> str:
        """The text without the part."""
        return f"{text[: self.start].rstrip()} {text[self.end :].lstrip()}".strip()


def sentences(text: str) -> list[Span]:
    """The sentences of `text`, in order. Text without end marks is one long sentence."""
    spans, start = [], 0
    for boundary in _BOUNDARY.finditer(text):
        spans.append(Span(start, boundary.start()))
        start = boundary.end()
    spans.append(Span(start, len(text)))
    return [span for span in spans if text[span.start : span.end].strip()]


def headings(text: str) -> list[Span]:
    """Lines that stand as headings: marked (`## Usage`), underlined, or short and ending in a colon."""
    found, start, lines = [], 0, text.split("\n")
    for number, line in enumerate(lines):
        span, start = Span(start, start + len(line)), start + len(line) + 1
        words = line.split()
        if not 1 < len(words) <= _MAX_HEADING_WORDS:
            continue
        underlined = number + 1 < len(lines) and _UNDERLINE.match(lines[number + 1])
        if underlined or _MARKED_HEADING.match(line) or line.rstrip().endswith(":"):
            found.append(span)
    return found


def heading_text(line: str) -> str:
    """A heading's words, without its marks."""
    marked = _MARKED_HEADING.match(line)
    return (marked[1] if marked else line).strip().rstrip(":").strip()

"""From an answer to the query in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from inpars.generate.prompts.template import Template

# Marks at both ends that also stand inside are not one pair around the whole.
_QUOTED = re.compile(r"""(["'`])(?:(?!\1).)*\1\Z|“[^“”]*”\Z|„[^„“]*“\Z|‘[^‘’]*’\Z|«[^«»]*»\Z""", re.DOTALL)
_BOLD = re.compile(r"\*\*[^*]+\*\*\Z")
_LABEL = r"(?:(?:search\s+|relevant\s+)?query\s*:)"


@dataclass(frozen=True, slots=True)
class Reading:
    """The query of an answer, which is `answer[start:end]`, and what else was read from it."""

    query: str
    start: int
    end: int
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Malformed:
    """An answer without a query, and why."""

    reason: str


def read(template: Template, answer: str) -> Reading | Malformed:
    """Find the query in `answer`, as the template's `reads` says.

    Blanks around it, a label that repeats the cue (or says "Query:"), one pair of quotation marks and
    bold type are no part of it. The other groups of `reads`, stripped, go into `extra` where they are not empty.
    """
    if not answer.strip():
        return Malformed("empty answer")
    match = re.search(template.reads, answer)
    if match is None or match["query"] is None:
        return Malformed("no query in the answer")
    start, end = _bare(answer, *match.span("query"), template.cue)
    query = answer[start:end]
    if not any(character.isalnum() for character in query):
        return Malformed("the query has no word in it")
    groups = match.groupdict(default="")
    extra = {name: value.strip() for name, value in groups.items() if name != "query" and value.strip()}
    return Reading(query, start, end, extra)


def _bare(text: str, start: int, end: int, cue: str) -> tuple[int, int]:
    """The span without bold type, label and quotation marks around it; the label may stand outside them or inside."""
    label = re.compile(rf"[*_]*(?:{re.escape(cue)}|{_LABEL})[*_]*", re.IGNORECASE)

    def unlabelled(start: int, end: int) -> tuple[int, int]:
        start, end = _stripped(text, start, end)
        found = label.match(text, start, end)
        return _stripped(text, found.end(), end) if found else (start, end)

    start, end = _stripped(text, start, end)
    if _BOLD.match(text, start, end):
        start, end = start + 2, end - 2
    start, end = unlabelled(start, end)
    return unlabelled(start + 1, end - 1) if _QUOTED.match(text, start, end) else (start, end)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end

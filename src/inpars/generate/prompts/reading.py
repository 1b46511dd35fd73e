"""From an answer to the query in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from inpars.generate.prompts.refusals import is_refusal
from inpars.generate.prompts.template import Template
from inpars.generate.prompts.wrapping import Span, stripped, unwrap
from inpars.models.language.thoughts import after_thoughts

# Marks at both ends that also stand inside are not one pair around the whole.
_QUOTED = re.compile(
    r"""(["'`])\1*(?:(?!\1).)*\1+\Z|“[^“”]*”\Z|„[^„“]*“\Z|‘[^‘’]*’\Z|«[^«»]*»\Z|「[^「」]*」\Z""", re.DOTALL
)
_BOLD = re.compile(r"\*\*[^*]+\*\*\Z|__(?!\w+__)[^_]+__\Z")
_ITALIC = re.compile(r"\*[^*\s][^*]*\*\Z")
_LABEL = r"""(?:
    (?:(?:final|best|good|suggested|generated|possible|example|search|relevant|user|web)\s+)*(?:query|question)(?:\s*\d{1,2})?
    |answer|q\d|keywords|claim|title|suchanfrage|requête|consulta|搜索查询|查询|検索クエリ|クエリ|запрос
)[*_]*\s*[:：]"""
# Of a list the first is taken, which may go on with the second on the same line; another number is a part of the query.
_LIST_MARK = re.compile(r"(?:[-*•·–—▪●]|\(?1[.)]|>|#{1,6})\s+(?=\S)")
_SECOND = re.compile(r"(?:(?<=\s)|(?<=[?.!]))\(?2[.)]\s")


@dataclass(frozen=True, slots=True)
class Reading:
    """The query of an answer, which stands in `answer[start:end]`, and what else was read from it."""

    query: str
    start: int
    end: int
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Malformed:
    """An answer without a query, and why; `unfinished` where it ended inside the model's thoughts."""

    reason: str
    unfinished: bool = False


def read(template: Template, answer: str, *, thinking: bool = False, cut_off: bool = False) -> Reading | Malformed:
    """Find the query in `answer`, as the template's `reads` says.

    `thinking` says that the answer begins inside thoughts, `cut_off` that the model was not done.

    What a model thinks aloud is no part of the answer; it goes into `extra` as `reasoning`, unless `reads` has a group
    of that name. Nor are the wrapping that `unwrap` knows, blanks around the query, a label that repeats the
    cue (or says "Query:"), the mark of a list, quotation marks and bold type. The other groups of `reads`,
    stripped, go into `extra` where they are not empty.
    """
    if not answer.strip():
        return Malformed("empty answer")
    spoken = after_thoughts(answer, opened=thinking, cut_off=cut_off)
    if spoken is None:
        return Malformed("its thoughts did not end", unfinished=True)
    reading = _read(template, answer, Span(spoken.start, spoken.end))
    if isinstance(reading, Reading) and spoken.thoughts:
        reading.extra.setdefault("reasoning", spoken.thoughts)
    return reading


def _read(template: Template, answer: str, said: Span) -> Reading | Malformed:
    if not answer[said.start : said.end].strip():
        return Malformed("thoughts, and no answer after them")
    if is_refusal(answer[said.start : said.end]):
        return Malformed("the model refused")
    inner = unwrap(answer, *said[:2])
    if not _reads_lines(template.reads):
        # Such a template asks for a form of its own, which may be one that would be taken off.
        reading = _searched(template, answer, said)
        if isinstance(reading, Reading) or inner is None:
            return reading
    if inner is None:
        return Malformed("a lead-in or marks, and no query")
    if is_refusal(answer[inner.start : inner.end]):
        return Malformed("the model refused")
    if inner.value is None:
        return _searched(template, answer, inner)
    if inner.value != answer[inner.start : inner.end]:
        return _checked(inner.value, inner, {})
    # A label or the mark of a list may stand within the quotation marks of JSON, too.
    span = _bare(answer, *inner[:2], template.cue)
    return _checked(answer[span.start : span.end], span, {})


@lru_cache(maxsize=64)
def _reads_lines(reads: str) -> bool:
    """Whether a template takes a line of words for the query, with nothing that says so."""
    found = re.search(reads, "some words")
    return bool(found and found["query"] == "some words")


def _searched(template: Template, answer: str, within: Span) -> Reading | Malformed:
    match = re.search(template.reads, answer[within.start : within.end])
    if match is None or match["query"] is None:
        return Malformed("no query in the answer")
    start, end = (within.start + place for place in match.span("query"))
    span = _bare(answer, start, end, template.cue)
    groups = match.groupdict(default="")
    extra = {name: value.strip() for name, value in groups.items() if name != "query" and value.strip()}
    return _checked(answer[span.start : span.end], span, extra)


def _checked(query: str, span: Span, extra: dict[str, str]) -> Reading | Malformed:
    if not any(character.isalnum() for character in query):
        return Malformed("the query has no word in it")
    return Reading(query, span.start, span.end, extra)


def _bare(text: str, start: int, end: int, cue: str) -> Span:
    """The span without the label, list mark, quotation marks and bold type around it, whichever stands outside."""
    label = re.compile(rf"[*_]*(?:{re.escape(cue)}|{_LABEL})[*_]*", re.IGNORECASE | re.VERBOSE)
    span = stripped(text, start, end)
    while True:
        start, end = span[:2]
        if _BOLD.match(text, start, end):
            span = Span(start + 2, end - 2)
        elif found := _LIST_MARK.match(text, start, end):
            span = Span(found.end(), _second(text, found, end) or end)
        elif found := label.match(text, start, end):
            span = Span(found.end(), end)
        elif _QUOTED.match(text, start, end) or _ITALIC.match(text, start, end):
            span = Span(start + 1, end - 1)
        else:
            return span
        span = stripped(text, *span[:2])


def _second(text: str, mark: re.Match[str], end: int) -> int | None:
    """Where on the line the second of a list begins, whose first has a number for its `mark`."""
    found = _SECOND.search(text, mark.end(), end) if "1" in mark[0] else None
    return found.start() if found else None

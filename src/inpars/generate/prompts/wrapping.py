"""What models put around the query that they were asked for: lead-ins, fences, JSON, tags, and special tokens."""

from __future__ import annotations

import contextlib
import json
import re
from typing import NamedTuple


class Span(NamedTuple):
    """A part of an answer; `value` is the query itself where it stands in JSON, which may write it with escapes."""

    start: int
    end: int
    value: str | None = None


_I, _S = re.IGNORECASE, re.DOTALL

# Special tokens of chat templates, which end a turn or begin one. </s> strikes text out in HTML, too.
_MARK = r"""(?:<\|(?:im_start|start_header_id|start|turn)\|?>\s*(?:assistant|model|user|system)?
    |   <\|[\w\ ]{1,40}\|> | <｜[^｜>]{1,40}｜>
    |   <start_of_turn>\s*(?:model|user)? | <(?:end_of_turn|eos|bos|pad|unk|EOT)> | <turn\|>
    |   \[INST\].*?\[/INST\] | \[/?INST\] | \[EOS\] | </?s>
    )"""
# Within a line they are what somebody asks about; <s> is so before a space, too, unless its like ends the text.
_BEGINNING = re.compile(rf"(?!</s>|<s>[ ](?![\[<]|.*</s>\s*\Z)){_MARK}", _I | _S | re.VERBOSE)
_ENDING = re.compile(rf"{_MARK}(?=\s*(?:\Z|{_MARK})|[ \t]*\n)", _I | _S | re.VERBOSE)

_OPENER = (
    r"(?:sure|certainly|of\ course|absolutely|definitely|okay|ok|alright|great|no\ problem|understood|got\ it|yes)\b"
)
_QUERY = r"(?:search[\s_-]*)?(?:quer(?:y|ies)|questions?|claims?|titles?|keywords?)"
_TEXT = r"(?:document|passage|text|article)s?"
_LEAD_INS = tuple(
    re.compile(rf"[*_#>\s]*(?:{pattern})", _I | re.VERBOSE)
    for pattern in (
        # "Sure! Here's a search query for the document: …", "Here is a search query for this document"
        rf"""(?:{_OPENER}[^\n:]{{0,40}}?[!.,:]*\s+)?(?:here(?:['’]s|\ is|\ are)|below\ (?:is|are))\b
        [^\n:]*?\b(?:{_QUERY}|{_TEXT})\b[^\n:]*(?::|\n|\Z)""",
        # "Sure, here you go:"
        rf"(?:{_OPENER}[!.,:]*\s+)?here\ (?:you\ go|it\ is|they\ are)\b(?:[^\n:!]{{0,20}}[:!]|\.?[ \t]*(?:\n|\Z))",
        # "A good search query for this document would be: …", "Based on the document, one query is: …"
        rf"""(?:(?:based\ on|given|for)\ (?:this|the)\b[^\n:]*?,\s*)?
        (?:this\ is\ )?(?:an?|one|the|my|your|some|possible)\s(?:[\w-]+\s){{0,4}}?{_QUERY}
        (?:\s(?:for|about|on|that|to|based\ on)\b[^\n:]*?\b(?:{_TEXT}|it|this)\b[^\n:]*?)?
        (?:\s(?:is|are|would\ be|could\ be|might\ be|may\ be|can\ be))?\s*:""",
        # "Search query:" on a line of its own
        rf"(?:[\w-]+\s){{0,3}}{_QUERY}[*_]*\s*:[*_]*[ \t]*\n",
        # A heading, or the name of a role
        rf"(?:\#{{1,6}}\s+(?:[\w-]+\s){{0,3}})?{_QUERY}[*_]*[ \t]*\n",
        r"(?:assistant|model)[*_]*:?[*_]*[ \t]*\n",
        # "Sure!", before what it is sure of or on a line of its own
        r"(?:sure|certainly|of\ course|absolutely)[!.](?=\s|\Z)",
        rf"{_OPENER}[!.,:]*[ \t]*\n",
    )
)

# "Reasoning: …" or a sentence, and on a later line "Final query: …"; no further example of a model that goes on.
_REASONED = re.compile(
    rf"""(?:(?!{_QUERY})[\w\ ]{{1,30}}[:：]|[^\n]*[.…:][*_]*[ \t]*\n)
    (?:(?!\n[*_#>\s]*(?:example|{_TEXT})\b[^\n]*:).)*?
    \n[*_#>\s-]*(?:[\w-]+\s){{0,2}}?(?:search\s)?query[*_]*\s*[:：][*_]*\s*(?=\S)""",
    _I | _S | re.VERBOSE,
)
_FENCE = re.compile(r"(?:[^\n`]*[:：][ *]*\n\s*)?(?P<fence>`{3,}|~{3,}|[\"']{3}(?=\s*\n))(?P<info>[^\n`]*)")
_BOXED = re.compile(r"\$*\\boxed\{(?:\\text\{)?(?P<inner>[^{}]*)\}*\$*\Z")
_TAG = re.compile(r"<(?P<name>query|search[_-]?query|question)(?:\s[^>]*)?>(?P<inner>.*?)</(?P=name)\s*>", _I | _S)
_AROUND = re.compile(
    r"<(?P<name>query|search[_-]?query|question|answer|response|output|result|final(?:_answer)?|solution|strong|b|p)"
    # Nothing closes it where the answer was cut off; with a blank after it, somebody asks about a tag.
    r"(?:\s[^>]*)?>(?:(?P<inner>.*?)</(?P=name)\s*>|(?=\S|\s*\n)(?P<open>.*)\Z)",
    _I | _S,
)
_LEFT_OVER = re.compile(r"\s*(?<=\S)</(?:query|search[_-]?query|question|answer|response|output|result|final)>\Z", _I)

_OPENS_JSON = re.compile(r"(?:json\s*)?(?P<body>\{\s*[\"'}]|\[\s*[\"'{\]])|\"(?:search_)?query\"\s*:", _I)
# Words after it on its line make it what somebody asks about.
_AFTER_JSON = re.compile(r"[ \t]*(?:[\r\n,;`\[\]{}]|\Z)")
_STRING = r'"(?P<inner>(?:[^"\\]|\\.)*)'
_IN_JSON = re.compile(
    rf"[\"']?(?<![\w\\]){_QUERY}(?:[\s_-]?(?:1|text|string))?[\"']?\s*:\s*"
    rf"(?:\[\s*)?(?:\{{\s*\"\w+\"\s*:\s*)?(?:{_STRING}|'(?P<single>[^'\n]*))",
    _I,
)
_LISTED = re.compile(rf"\[\s*(?:{_STRING}|'(?P<single>[^'\n]*))")
_ALONE = re.compile(rf"\{{\s*\"(?!error|refusal|reason)\w+\"\s*:\s*(?:\[\s*)?{_STRING}\"\s*\]?\s*\}}\Z", _I)


def unwrap(text: str, start: int, end: int) -> Span | None:
    """What of `text[start:end]` is left without all that stands around a query; None where nothing but a lead-in is.

    Only wrapping that is known is taken off, however it is combined; anything else stays as it is.
    """
    span = stripped(text, start, end)
    while True:
        if (found := _json(text, *span[:2])) is not None:
            return found
        inner = next((inner for step in _STEPS if (inner := step(text, *span[:2])) is not None), None)
        if inner is None:
            return span
        inner = stripped(text, *inner[:2])
        if inner.start == inner.end and span.start < span.end:
            return None
        span = inner


def stripped(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _unmarked(text: str, start: int, end: int) -> Span | None:
    """Without special tokens at the beginning, up to the first one after that which ends a turn."""
    if mark := _BEGINNING.match(text, start, end):
        return Span(mark.end(), end)
    mark = _ENDING.search(text, start, end)
    return Span(start, mark.start()) if mark else None


def _fenced(text: str, start: int, end: int) -> Span | None:
    found = _FENCE.match(text, start, end)
    if not found:
        return None
    close = text.find(found["fence"], found.end(), end)
    last = close if close >= 0 else end
    # A word after the opening fence names a language, unless nothing else is fenced.
    language = re.fullmatch(r"\s*[\w+-]*\s*", found["info"]) and text[found.end() : last].strip()
    return Span(found.end() if language else found.start("info"), last)


def _tagged(text: str, start: int, end: int) -> Span | None:
    found = _TAG.search(text, start, end) or _AROUND.match(text, start, end) or _BOXED.match(text, start, end)
    if found:
        return Span(*found.span("inner" if found["inner"] is not None else "open"))
    left = _LEFT_OVER.search(text, start, end)
    return Span(start, left.start()) if left else None


def _led_in(text: str, start: int, end: int) -> Span | None:
    for pattern in _LEAD_INS:
        if found := pattern.match(text, start, end):
            after = re.compile(r"[*_]*").match(text, found.end(), end)
            return Span(after.end() if after else found.end(), end)
    return None


def _reasoned(text: str, start: int, end: int) -> Span | None:
    found = _REASONED.match(text, start, end)
    return Span(found.end(), end) if found else None


def _json(text: str, start: int, end: int) -> Span | None:
    """The first query of a JSON object or list, whole or cut off; a lone string where no key says that it is one."""
    opened = _OPENS_JSON.match(text, start, end)
    if not opened:
        return None
    last = _json_end(text, opened.start("body"), end) if opened["body"] else None
    if last is not None and not _AFTER_JSON.match(text, last, end):
        return None
    found = _LISTED.match(text, start, end) or _IN_JSON.search(text, start, end) or _ALONE.match(text, start, end)
    if not found:
        return Span(start, start) if last is not None else None
    inner = stripped(text, *found.span("single" if found["inner"] is None else "inner"))
    return inner._replace(value=_unescaped(text[inner.start : inner.end]))


def _json_end(text: str, start: int, end: int) -> int | None:
    """Where the JSON ends that begins at `start`; None where it is none, or cut off."""
    try:
        return start + json.JSONDecoder().raw_decode(text[start:end])[1]
    except (ValueError, RecursionError):
        return None


def _unescaped(raw: str) -> str:
    """A string of JSON as it reads, on one line."""
    value = raw
    if "\\" in raw:
        with contextlib.suppress(ValueError):
            value = str(json.loads(f'"{raw}"', strict=False))
    return " ".join(value.split())


_STEPS = (_unmarked, _fenced, _tagged, _led_in, _reasoned)

"""From a judge's answer to what it says; an answer that does not say it exactly says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from inpars.errors import shorten
from inpars.models.language.thoughts import after_thoughts

GRADES = range(4)
"""0: nothing to do with the query; 1: on its subject; 2: answers in part; 3: answers fully."""

_MARKUP = re.compile(r"[*`\"'#<>]")
_VERDICT = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is no verdict on the pair, and why: the model failed, or its answer does not say."""

    cause: str


def read_grade(answer: str, reads: str) -> int | Unreadable:
    """The one grade from 0 to 3 in an answer; `reads` finds the group `grade`. A lone number is a grade too."""
    text = _plain(answer)
    if isinstance(text, Unreadable):
        return text
    if re.fullmatch(r"\d+\.?", text):
        return _grade(text.rstrip("."), answer)
    found = list(re.finditer(reads, text))
    if not found:
        return Unreadable(f"no grade in {shorten(answer)}")
    if len(found) > 1:
        return Unreadable(f"{len(found)} grades in {shorten(answer)}")
    rest = text[found[0].end("grade") :].partition("\n")[0]
    # "2 or 3" and "2-3" are no grade; "2/3" and "2 out of 3" are.
    if re.search(r"\d", re.sub(r"\A\s*(?:/|out of|of)\s*3\b", "", rest)):
        return Unreadable(f"several grades in {shorten(answer)}")
    return _grade(found[0]["grade"], answer)


def read_criteria(answer: str, names: Iterable[str]) -> dict[str, bool] | Unreadable:
    """Yes or no for each of `names`, from one line each; lines about anything else are passed over."""
    text = _plain(answer)
    if isinstance(text, Unreadable):
        return text
    found: dict[str, bool] = {}
    for name in names:
        words = r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", name)))
        lines = re.findall(rf"(?im)^[\s\d.)(•-]*{words}\s*[:=][^\S\n]*(.*)$", text)
        if len(lines) != 1:
            said = f"{name!r} is not answered" if not lines else f"{name!r} is answered {len(lines)} times"
            return Unreadable(f"{said} in {shorten(answer, 100)}")
        verdicts = _VERDICT.findall(lines[0])
        if len(verdicts) != 1 or not lines[0].lower().startswith(verdicts[0].lower()):
            return Unreadable(f"neither yes nor no to {name!r}: {shorten(lines[0])}")
        found[name] = verdicts[0].lower() == "yes"
    return found


def _plain(answer: str) -> str | Unreadable:
    """The answer without thoughts and markup."""
    spoken = after_thoughts(answer)
    if spoken is None:
        return Unreadable("its thoughts did not end")
    text = _MARKUP.sub("", answer[spoken.start : spoken.end]).strip()
    return text or Unreadable("empty answer")


def _grade(number: str, answer: str) -> int | Unreadable:
    grades = {str(grade): grade for grade in GRADES}
    return grades.get(number, Unreadable(f"the grade {number} is none of 0 to 3, in {shorten(answer)}"))

"""What a judge is asked, as data: the prompts that ship, and those in a user's files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from inpars.data.files import read_text
from inpars.data.hashes import hash_of
from inpars.data.mappings import parse_mapping
from inpars.errors import OptionError, unknown_name
from inpars.models.judges.options import Asks
from inpars.models.language.base import Message, Prompt
from inpars.options import Options, finds, how, parse_options

GRADE = r"(?i)\b(?:grade|score)\s*(?:[:=]|is)\s*(?P<grade>-?\d+(?:\.\d+)?)"
"""Finds "Grade: 2", "score = 2", "the final score is 2"."""

_PLACEHOLDER = re.compile(r"\{(query|document|criteria|form)\}")
_NAME = re.compile(r"[^\W\d]\w*(?:[ -]\w+)*")


class JudgingPrompt(Options):
    """The wording of a judgment.

    `pattern` holds `{query}` and `{document}`, and where it asks for criteria `{criteria}` (a line
    for each, "name: statement") and, if it likes, `{form}` (the lines of the reply).
    """

    description: str = how("", description="What it is for, in one line.")
    source: str = how("", description="Where it comes from.")
    style: Literal["chat", "completion"] = Field("chat", description="Turns of a chat, or a text to go on with.")
    header: str = Field("", description="The system message; before a completion, the text at its beginning.")
    pattern: str = Field(description="The question: {query}, {document}, and for criteria {criteria} and {form}.")
    criteria: dict[str, str] = Field(default_factory=dict, description="Statements by name, which callers may ask for.")
    stop: tuple[str, ...] = Field((), description="Strings that end an answer.")
    reads: str = Field(GRADE, description="Regular expression that finds the group `grade` in an answer.")

    @field_validator("pattern")
    @classmethod
    def _has_its_places(cls, pattern: str) -> str:
        for place in ("{query}", "{document}"):
            if pattern.count(place) != 1:
                raise ValueError(f"{place} must stand in it once")
        return pattern

    @field_validator("reads")
    @classmethod
    def _finds_a_grade(cls, reads: str) -> str:
        return finds("grade", reads)

    @property
    def asks(self) -> Asks:
        """What it asks for."""
        return "criteria" if "{criteria}" in self.pattern else "grade"

    def fingerprint(self) -> str:
        """A hash of all that may change an answer or how it is read."""
        return hash_of(self.identity())

    def statements(self, criteria: Sequence[str]) -> dict[str, str]:
        """Statements by name for `criteria`, each a name that the prompt knows or one's own "name: statement".

        `OptionError` for none, for an unknown name, for one that an answer could not repeat, or for one given twice.
        """
        found: dict[str, str] = {}
        for criterion in criteria:
            name, colon, statement = (part.strip() for part in criterion.partition(":"))
            if not colon:
                if name not in self.criteria:
                    raise unknown_name("criterion", name, self.criteria)
                statement = self.criteria[name]
            if not _NAME.fullmatch(name) or not statement:
                raise OptionError(
                    f"criterion {criterion!r}: expected a name or 'name: statement', the name in letters and digits"
                )
            if name.lower() in map(str.lower, found):
                raise OptionError(f"criterion {name!r} is given twice")
            found[name] = statement
        if not found:
            raise OptionError("no criteria to judge by", hint=f"some of: {', '.join(self.criteria)}")
        return found

    def prompt(self, key: str, query: str, document: str, statements: dict[str, str] | None = None) -> Prompt:
        """The prompt for one pair; its key is `key`."""
        values = {"query": query, "document": document}
        if statements:
            values["criteria"] = "\n".join(f"{name}: {statement}" for name, statement in statements.items())
            values["form"] = "\n".join(f"{name}: <yes or no>" for name in statements)
        # All at once, so that braces inside the texts stay what they are.
        asked = _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), self.pattern).strip()
        if self.style == "completion":
            return Prompt(key, text=f"{self.header}\n\n{asked}" if self.header else asked)
        system = (Message("system", self.header),) if self.header else ()
        return Prompt(key, messages=(*system, Message("user", asked)))


def load_prompt(given: str | Path, asks: Asks) -> JudgingPrompt:
    """The prompt in the file `given`, or where that is empty the one that ships for what is asked.

    `OptionError` where the file is no such prompt or asks for the other thing.
    """
    if not given:
        shipped = resources.files("inpars.models.judges") / "prompts" / f"{asks}.yaml"
        where, text = f"judge prompt {asks}", shipped.read_text(encoding="utf-8")
    else:
        path = Path(given)
        if not path.is_file():
            raise OptionError(f"no judge prompt at {path}", hint="a YAML file; without one, the prompt that ships")
        where, text = f"judge prompt {path}", read_text(path)
    prompt = parse_options(JudgingPrompt, where, parse_mapping(text, where, expected="the fields of a judge prompt"))
    if prompt.asks != asks:
        lacking = "has {criteria}" if asks == "grade" else "has no {criteria}"
        raise OptionError(f"{where}: asked for {asks}, and its pattern {lacking}")
    return prompt

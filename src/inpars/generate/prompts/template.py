"""A prompt as data: how examples and the document are laid out, and how an answer is read."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from inpars.options import Options, added, finds, how

FIRST_LINE = r"(?P<query>[^\n]*\S[^\n]*)"
"""Reads the first line that is not blank."""

_PLACEHOLDER = re.compile(r"\{(document|query|bad_query|number|form)\}")


def fill(pattern: str, **values: str) -> str:
    """`pattern` with `values` in place of their placeholders.

    Everything goes in at once, so braces inside the values, and any others in the pattern, stay as they are.
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), pattern)


class Shown(Options):
    """An example that a template brings along."""

    document: str = Field(description="The document.")
    query: str = Field(description="A good query for it.")
    bad_query: str = Field("", description="A poor query for it, for templates that contrast the two.")


class Template(Options):
    """A prompt template.

    `pattern` is one example with its query. The document to write for takes the same form, cut off
    where its query would stand. In a chat what comes before the query is the user's turn, the query
    and what follows are the assistant's.
    """

    name: str = how("", description="What the template is called.")
    aliases: tuple[str, ...] = how((), description="Other names that find it.")
    description: str = how("", description="What it is for, in one line.")
    source: str = how("", description="Where the wording was published, and what differs from it.")
    style: Literal["completion", "chat"] = Field("completion", description="A text to go on with, or turns of a chat.")
    header: str = Field("", description="Text before the examples; in a chat, the system message.")
    pattern: str = Field(
        description="One example: {document}, a cue, {query}; also {bad_query}, {number} and {form}. "
        "Without {query} the prompt has no examples."
    )
    separator: str = Field("\n\n", description="What stands between the examples of a completion prompt.")
    examples: tuple[Shown, ...] = Field((), description="Examples of the template's own; without any, the dataset's.")
    forms: dict[str, str] = Field(
        default_factory=dict, description="What {form} says for each form of query; `default` where none is asked for."
    )
    example_forms: tuple[str, ...] = added(
        (), description="The form of each example of the template's own, in their order; by default the one asked for."
    )
    stop: tuple[str, ...] = Field(("\n",), description="Strings that end an answer.")
    reads: str = Field(
        FIRST_LINE, description="Regular expression that finds the group `query` in an answer; other groups are kept."
    )

    @field_validator("pattern")
    @classmethod
    def _ends_in_a_cue(cls, pattern: str) -> str:
        if pattern.count("{document}") != 1:
            raise ValueError("{document} must stand in it once")
        before, after = pattern.split("{document}")
        if re.search(r"\{(bad_)?query\}", before):
            raise ValueError("{document} must come before {query}")
        if not _asked(after).strip():
            raise ValueError("after {document} a cue is needed, such as 'Query:', or a model goes on with the document")
        return pattern

    @field_validator("forms")
    @classmethod
    def _has_a_place_for_forms(cls, forms: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        place = "{form}" in f"{info.data.get('header')}{info.data.get('pattern')}"
        if place and "default" not in forms:
            raise ValueError("a template with {form} needs the form `default`")
        if forms and not place:
            raise ValueError("there is no {form} in the header or the pattern")
        return forms

    @field_validator("example_forms")
    @classmethod
    def _names_a_form_for_each_example(cls, example_forms: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        examples, forms = info.data.get("examples", ()), info.data.get("forms", {})
        if example_forms and len(example_forms) != len(examples):
            raise ValueError(f"{len(examples)} examples need as many forms; found {len(example_forms)}")
        if unknown := [form for form in example_forms if form not in forms]:
            raise ValueError(f"{unknown[0]!r} is not among the forms")
        return example_forms

    @field_validator("stop")
    @classmethod
    def _stops_at_something(cls, stop: tuple[str, ...]) -> tuple[str, ...]:
        if "" in stop:
            raise ValueError("an empty string would end every answer at once")
        return stop

    @field_validator("reads")
    @classmethod
    def _finds_a_query(cls, reads: str) -> str:
        return finds("query", reads)

    @property
    def asks(self) -> str:
        """The pattern up to the query: how the document to write for is put, its cue last."""
        return _asked(self.pattern).rstrip()

    @property
    def answers(self) -> str:
        """The rest of the pattern, from the query on: what an example's answer looks like."""
        return self.pattern[len(_asked(self.pattern)) :].rstrip()

    @property
    def cue(self) -> str:
        """What stands between document and query."""
        return self.asks.split("{document}")[1].strip()

    @property
    def takes_examples(self) -> bool:
        """Whether there is a place for examples, whoever they come from."""
        return bool(self.answers)

    @property
    def needs_examples(self) -> bool:
        """Whether the examples have to come from the dataset or from a file."""
        return self.takes_examples and not self.examples


def _asked(pattern: str) -> str:
    return re.split(r"\{(?:bad_)?query\}", pattern, maxsplit=1)[0]

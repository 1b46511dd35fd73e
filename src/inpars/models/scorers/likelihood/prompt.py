"""What a model reads before the query, as data: the prompts that ship, and those in a user's files."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from inpars.data.files import read_text
from inpars.data.hashes import hash_of
from inpars.data.mappings import parse_mapping
from inpars.errors import OptionError, unknown_name
from inpars.options import Options, how, parse_options

_PLACEHOLDER = re.compile(r"\{(document|query|number)\}")
_OF_WRITING = ("name", "aliases", "stop", "reads")
"""Fields of generate's templates that tell how an answer is read, which here is given."""


class Shown(Options):
    """An example: a document and a query for it."""

    document: str = Field(description="The document.")
    query: str = Field(description="A query for it.")


class LikelihoodPrompt(Options):
    """The wording before a query.

    `pattern` is one example with its document, a cue, and its query; the document to score takes the same form, and
    its query is the one whose likelihood is asked. The examples stand before it, the same for all documents.
    """

    description: str = how("", description="What it is for, in one line.")
    source: str = how("", description="Where it comes from.")
    header: str = Field("", description="Text before the examples.")
    pattern: str = Field(description="One example: {document}, a cue, {query}; also {number}.")
    separator: str = Field("\n\n", description="What stands between the examples.")
    examples: tuple[Shown, ...] = Field((), description="Examples, each a document and its query.")

    @field_validator("pattern")
    @classmethod
    def _ends_in_a_cue(cls, pattern: str) -> str:
        if pattern.count("{document}") != 1 or pattern.count("{query}") > 1:
            raise ValueError("{document} must stand in it once, and {query} at most once")
        before, after = pattern.split("{document}")
        if "{query}" in before:
            raise ValueError("{document} must come before {query}")
        if not re.search(r"\w", after.split("{query}")[0]):
            raise ValueError("between {document} and {query} a cue is needed, such as 'Query:'")
        return pattern

    def fingerprint(self) -> str:
        """A hash of all that a score depends on."""
        return hash_of(self.identity())

    def parts(self) -> tuple[str, str]:
        """The text before the document, examples included, and the cue between the document and the query.

        White space before the document and before the query is left to them.
        """
        asks = self.pattern.split("{query}")[0]
        before, cue = (_fill(part, number=str(len(self.examples) + 1)) for part in asks.split("{document}"))
        shown = [
            _fill(self.pattern, document=each.document, query=each.query, number=str(number)).rstrip()
            for number, each in enumerate(self.examples, start=1)
        ]
        return self.separator.join([*filter(None, [self.header.strip()]), *shown, before]), cue


@cache
def load_prompt(given: str) -> LikelihoodPrompt:
    """The prompt that ships under the name `given`, or the one in the YAML file there; read once.

    A file may be a template of `generate` with a query in its pattern. `OptionError` where it is neither.
    """
    folder = resources.files("inpars.models.scorers.likelihood") / "prompts"
    shipped = {file.name.removesuffix(".yaml"): file for file in folder.iterdir() if file.name.endswith(".yaml")}
    if given in shipped:
        where, text = f"likelihood prompt {given}", shipped[given].read_text(encoding="utf-8")
    elif Path(given).is_file():
        where, text = f"likelihood prompt {given}", read_text(Path(given))
    else:
        raise unknown_name("likelihood prompt", given, shipped)
    values: dict[str, Any] = parse_mapping(text, where, expected="the fields of a likelihood prompt")
    if values.pop("style", "completion") != "completion":
        raise OptionError(
            f"{where}: it is a chat, and a likelihood is that of a text's continuation",
            hint="write it as a completion: pattern 'Document: {document}\\nQuery: {query}'",
        )
    return parse_options(LikelihoodPrompt, where, {k: v for k, v in values.items() if k not in _OF_WRITING})


def _fill(pattern: str, **values: str) -> str:
    """`pattern` with `values` in their places, all at once, so that braces inside the texts stay what they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), pattern)

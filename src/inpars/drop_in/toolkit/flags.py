"""Flags as the toolkit's commands take them: one typed definition a command, read here from what is typed."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import Field

from inpars.drop_in.toolkit.recognise import flag_name
from inpars.errors import OptionError
from inpars.options import Options, parse_options
from inpars.progress import say

F = TypeVar("F", bound="Flags")

SOURCES = ("ir_datasets", "pyserini")
DATASET = "BEIR name, BEIR folder, or corpus file (CSV or JSONL with doc_id and text)."
SOURCE = "Where a dataset known by name comes from."
DEVICE = "Where to compute: cpu, cuda, cuda:1 …; by default the best there is."
SCHEME = "How a seq2seq model is asked that does not say so itself: monot5, mt5 or flan-t5."
BATCHES = "batches are cut by tokens, as many as the device takes well"

_WORDS = {"true": True, "false": False}


class Flags(Options):
    """Flags of one command: a field each, with the toolkit's default; `json_` is --json, since models have a `json`."""

    idle: ClassVar[Mapping[str, str]] = {}
    """Flags that have no meaning any more, and why."""
    passes_on: ClassVar[bool] = False
    """Whether flags that are no fields are kept in `more`, and not an error."""

    more: dict[str, Any] = Field(default_factory=dict, description="")


def read_flags(kind: type[F], command: str, arguments: Sequence[str]) -> F:
    """`arguments` as `kind`: `--flag value` or `--flag=value`, hyphens or underscores, the last of two alike.

    A switch stands alone or before true or false; a flag for several values takes all that stand after it, and may
    come again. Says of each idle flag why it does nothing.
    `OptionError` for a flag that is unknown (with the nearest one), lacks its value, is missing, or has
    a value that it cannot take.
    """
    fields = {field.rstrip("_"): field for field in kind.model_fields if field != "more"}
    values: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for flag, given in _grouped(arguments):
        name = flag_name(flag)
        if kind.passes_on and name not in fields and name.startswith("no_") and not given:
            # transformers' own parser has such a flag beside each switch that is on by default.
            name, given = name.removeprefix("no_"), ["false"]
        if name in fields:
            annotation = kind.model_fields[fields[name]].annotation
            several = get_origin(annotation) is tuple and bool(given)
            values[fields[name]] = (
                (*values.get(fields[name], ()), *given) if several else _value(flag, given, annotation)
            )
        elif kind.passes_on:
            more[name] = _untyped(given)
        else:
            raise unknown_flag(command, flag, fields)
    for name, info in kind.model_fields.items():
        if info.is_required() and name not in values:
            raise OptionError(f"{command}: --{name} is missing", hint=f"{info.description} See --help.")
    try:
        flags = parse_options(kind, "", values | ({"more": more} if more else {}))
    except OptionError as error:
        raise OptionError(f"{command}: {error.message}") from None
    for name in (*values, *more):
        if name in kind.idle:
            say(f"{command}: --{name} does nothing here: {kind.idle[name]}")
    return flags


def unknown_flag(command: str, flag: str, known: Any) -> OptionError:
    """The error for a flag that is not among `known`, with the nearest one suggested."""
    name = flag_name(flag)
    close = [each for each in known if each.startswith(name)] or difflib.get_close_matches(name, known, n=1)
    typed = flag.partition("=")[0]
    return OptionError(
        f"{command}: unknown flag {typed}",
        hint=f"did you mean --{close[0]}?" if close else f"python -m inpars.{command} --help shows them all",
    )


def help_text(kind: type[Flags], command: str) -> str:
    """What `--help` says of the toolkit's flags."""
    lines = [f"With the InPars toolkit's flags, python -m inpars.{command} is the toolkit's command:", ""]
    for name, info in kind.model_fields.items():
        if name == "more":
            continue
        about = info.description or ""
        if name in kind.idle:
            about = f"Does nothing here: {kind.idle[name]}."
        elif info.is_required():
            about += " [required]"
        elif info.annotation is not bool and info.get_default(call_default_factory=True) not in (None, ()):
            about += f" [default: {info.get_default(call_default_factory=True)}]"
        lines += textwrap.wrap(about, 110, initial_indent=f"  --{name.rstrip('_'):<27} ", subsequent_indent=" " * 32)
    if kind.passes_on:
        lines += ["", "Any other training argument of transformers is passed on."]
    return "\n".join(lines)


def _grouped(arguments: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each flag with the values after it."""
    groups: list[tuple[str, list[str]]] = []
    for argument in arguments:
        if argument.startswith("--"):
            _, equals, value = argument.partition("=")
            groups.append((argument, [value] if equals else []))
        elif groups:
            groups[-1][1].append(argument)
        else:
            raise OptionError(f"unexpected argument {argument!r}", hint="every value stands after its flag")
    return groups


def _value(flag: str, given: list[str], kind: Any) -> Any:
    if kind is bool and not given:
        return True
    if len(given) == 1:
        return given[0] if kind is not bool else _WORDS.get(given[0].lower(), given[0])
    flag = flag.partition("=")[0]
    if not given:
        raise OptionError(f"{flag} needs a value" + _choices(kind))
    raise OptionError(f"{flag} takes one value; found {' '.join(given)!r}", hint="quote a value with blanks in it")


def _choices(kind: Any) -> str:
    choices = [choice for choice in get_args(kind) if isinstance(choice, str)]
    return f": one of {', '.join(choices)}" if choices else ""


def _untyped(given: list[str]) -> Any:
    if not given:
        return True
    return given[0] if len(given) == 1 else given

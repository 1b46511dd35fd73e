"""Flags of an option that is passed on, such as `--openai.extra-body.top_k 20`: their values as JSON has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from inpars.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cyclopts import App
    from cyclopts.argument import ArgumentCollection
    from cyclopts.token import Token

_PYTHONS = {"True": True, "False": False, "None": None}


def read_passed_on(app: App, commands: Sequence[str], arguments: ArgumentCollection) -> None:
    """Of each option that is a mapping of anything, gather its flags into one JSON object, as cyclopts reads it.

    A command line has only strings, and no field of ours says what type another's field has. What is no JSON is text.
    """
    for argument in arguments:
        if argument.hint == dict[str, Any] and any(token.keys for token in argument.tokens):
            value = orjson.dumps(_gathered(argument.name, argument.tokens)).decode()
            argument.tokens[:] = [argument.tokens[0].evolve(keys=(), value=value)]


def _gathered(flag: str, tokens: Iterable[Token]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for token in tokens:
        inner = whole
        *path, last = (key.replace("-", "_") for key in token.keys)
        for key in path:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                break
        if not isinstance(inner, dict) or last in inner:
            raise OptionError(f"{token.keyword}: {flag} has a value there already", hint="give each field once")
        inner[last] = _value(token.value)
    return whole


def _value(text: str) -> Any:
    if text in _PYTHONS:
        return _PYTHONS[text]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text

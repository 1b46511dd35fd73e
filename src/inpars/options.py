"""The base of every stage's options: one typed definition behind flags, YAML keys and keywords."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from inpars.errors import OptionError

O = TypeVar("O", bound="Options")  # noqa: E741 - the one type variable here


class Options(BaseModel):
    """Options of a stage or of a method: frozen, no unknown keys, defaults validated."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    def identity(self) -> dict[str, Any]:
        """The options that what comes out depends on, as JSON values.

        All but those made with `how`, and those made with `added` that nobody has set.
        """
        values = self.model_dump(mode="json")
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if info.json_schema_extra == _HOW or (info.json_schema_extra == _ADDED and value == info.default):
                del values[name]
            elif isinstance(value, Options):
                values[name] = value.identity()
        return values


def _json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))
    except TypeError as error:
        raise ValueError(f"not a JSON object ({error})") from None
    return plain


PassedOn = Annotated[dict[str, Any], AfterValidator(_json)]
"""A JSON object that is passed on to somebody else as it is: what is in it is none of our options."""

_HOW: dict[str, Any] = {"how": True}
_ADDED: dict[str, Any] = {"added": True}


def how(default: Any, **constraints: Any) -> Any:
    """A field for how the work is done (speed, patience, places): it has no part in what comes out.

    An output made with other values of such options is still the same output, so a rerun keeps it.
    """
    return Field(default, json_schema_extra=_HOW, **constraints)


def added(default: Any, **constraints: Any) -> Any:
    """A field that came later: where it has its default, outputs made before it was there are still the same."""
    return Field(default, json_schema_extra=_ADDED, **constraints)


def finds(group: str, pattern: str) -> str:
    """`pattern`; `ValueError`, as fields' validators raise it, where it is no regular expression with that group."""
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if group not in groups:
        raise ValueError(f"it has no group (?P<{group}>…)")
    return pattern


def parse_options(kind: type[O], where: str, values: dict[str, Any]) -> O:
    """`values` as `kind`. `OptionError` names each key that is unknown or wrong, and suggests one."""
    try:
        return kind(**_underscored(kind, where, values))
    except ValidationError as error:
        raise OptionError("\n".join(_explain(kind, where, detail) for detail in error.errors())) from None


def _underscored(kind: type[BaseModel] | None, where: str, values: Mapping[Any, Any]) -> dict[str, Any]:
    """`values` with underscores for dashes in its keys and text for paths, in the mappings of options inside too."""
    renamed: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if name in renamed:
            raise OptionError(f"option {where}.{name} is given twice, with a dash and with an underscore")
        if isinstance(value, Mapping) and kind is not None:
            # What stands in a value that is passed on is not ours to rename.
            value = _underscored(_options_in(kind, name), f"{where}.{name}", value)
        # A model is named by its hub id or its folder, which Python has as a path.
        renamed[name] = os.fspath(value) if isinstance(value, os.PathLike) else value
    return renamed


def _options_in(kind: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The options that the option `name` is made of."""
    field = kind.model_fields.get(name)
    inner = field.annotation if field else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _explain(kind: type[Options], where: str, detail: Any) -> str:
    path = [str(part) for part in detail["loc"]]
    name = ".".join([where, *path]) if where else ".".join(path)
    if detail["type"] == "extra_forbidden":
        names = _option_names(kind, path[:-1])
        close = difflib.get_close_matches(path[-1], names, n=1)
        suggestion = f"did you mean {close[0]!r}? " if close else ""
        return f"unknown option {name!r}; {suggestion}options: {', '.join(names)}"
    return f"option {name!r}: {told(detail)}"


def told(detail: Any) -> str:
    """What is wrong, of an entry of pydantic's `errors()`; with the value, unless the whole of the options is wrong."""
    if detail["type"] == "value_error":
        error = str(detail["ctx"]["error"])
        return error if isinstance(detail["input"], Mapping) else f"{error}; found {detail['input']!r}"
    return f"{detail['msg']}; found {detail['input']!r}"


def _option_names(kind: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        inner = _options_in(kind, part)
        if inner is None:
            return []
        kind = inner
    return list(kind.model_fields)

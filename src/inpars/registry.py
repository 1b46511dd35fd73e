"""Methods by name, loaded when first used, so that listing them imports nothing heavy."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Generic, TypeVar, cast

from inpars.errors import unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of `name -> "module:attribute"`, as in `{"length": "inpars.filter.length:judge"}`."""

    def __init__(self, kind: str, entries: Mapping[str, str]) -> None:
        self.kind = kind
        self.entries = dict(entries)

    def __getitem__(self, name: str) -> T:
        """The object registered as `name`; `OptionError` with a suggestion where there is none."""
        try:
            target = self.entries[name]
        except KeyError:
            raise unknown_name(self.kind, name, self.entries) from None
        module, path = target.split(":")
        return cast(T, attrgetter(path)(importlib.import_module(module)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def register(self, name: str, target: str) -> None:
        """Add a method from outside the package: `register("mine", "my_package.filters:Mine")`."""
        self.entries[name] = target

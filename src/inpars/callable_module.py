"""Stages can be called by their module's name: `inpars.filter(...)` is `inpars.filter.filter(...)`.

A stage's folder and its public function share a name, and Python binds the folder's module to it as
soon as anything inside is imported. So the module itself answers the call.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


def make_callable(name: str) -> None:
    """Let the module `name` be called as the function in it of the same name."""
    sys.modules[name].__class__ = _CallableModule

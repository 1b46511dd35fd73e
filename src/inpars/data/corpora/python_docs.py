"""The docstrings of the running interpreter's standard library, as a corpus that is always at hand."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType

import orjson

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document

# Modules that open a browser or a window, print on import, belong to one platform, or hold no documentation.
_SKIPPED = {
    *("antigravity", "this", "turtle", "turtledemo", "tkinter", "idlelib"),
    *("test", "lib2to3", "ensurepip", "distutils", "pydoc_data", "encodings"),
    *("msilib", "msvcrt", "nt", "winreg", "winsound", "nturl2path", "ntpath", "posix", "posixpath"),
    *("sre_compile", "sre_constants", "sre_parse"),
}
# Implementation modules whose functions are documented under another name.
_HOMES = {"os": ("posix", "nt"), "builtins": ("io",), "threading": ("thread",), "posixpath": ("genericpath",)}
_MINIMUM_WORDS = 3


def open_python_docs() -> MemoryCorpus:
    """Every public module, function, class and method with a docstring; id and title are its qualified name.

    Of several names for one docstring (`asyncio.gather`, `asyncio.tasks.gather`) the shallowest stays.
    The corpus follows the interpreter: about 5,700 documents under Python 3.11.
    """
    # Libraries patch the standard library as they load (torch and transformers do): a process of its
    # own sees it as it is, so that the documents do not depend on what was imported before.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", __name__],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    rows = (orjson.loads(line) for line in done.stdout.splitlines())
    documents = [Document(doc_id=name, title=name, text=text) for name, text in rows]
    return MemoryCorpus(documents, name="python-docs")


def _gather() -> list[tuple[str, str]]:
    """`(qualified name, docstring)` of every document, by name."""
    shallowest: dict[str, str] = {}
    # Deprecated parts of the library warn when they are imported or looked at.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, docstring in _docstrings():
            text = inspect.cleandoc(docstring).strip()
            if len(text.split()) >= _MINIMUM_WORDS:
                shallowest[text] = min(name, shallowest.get(text, name), key=lambda n: (n.count("."), len(n), n))
    # A function may share its module's name: the module, met first, keeps it.
    documents: dict[str, str] = {}
    for text, name in shallowest.items():
        documents.setdefault(name, text)
    return sorted(documents.items())


def _docstrings() -> Iterator[tuple[str, str]]:
    # All modules first: importing one may change what another shows.
    for name, module in list(_modules()):
        if module.__doc__:
            yield name, module.__doc__
        prefix = "" if name == "builtins" else f"{name}."
        for attribute, value in sorted(vars(module).items()):
            if attribute.startswith("_") or not _belongs(value, module):
                continue
            if isinstance(docstring := getattr(value, "__doc__", None), str):
                yield f"{prefix}{attribute}", docstring
            if inspect.isclass(value):
                yield from _members(f"{prefix}{attribute}", value)


def _members(prefix: str, cls: type) -> Iterator[tuple[str, str]]:
    for attribute, value in sorted(vars(cls).items()):
        docstring = getattr(value, "__doc__", None)
        # An attribute that is plain data answers with the docstring of its type.
        if not attribute.startswith("_") and isinstance(docstring, str) and docstring != type(value).__doc__:
            yield f"{prefix}.{attribute}", docstring


def _belongs(value: object, module: ModuleType) -> bool:
    """Whether `value` is the module's own, or its package's, rather than imported into it."""
    home = getattr(value, "__module__", None)
    if home is None:
        # Methods of a hidden instance, such as `random.random`.
        return inspect.isbuiltin(value)
    # A C accelerator ("_csv") is part of the public module that shows it.
    own, home = module.__name__.lstrip("_"), str(home).lstrip("_")
    return home == own or home.startswith(f"{own}.") or home in _HOMES.get(own, ())


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for name in ["builtins", "os", "os.path", *sorted(sys.stdlib_module_names - _SKIPPED)]:
        if not name.startswith("_"):
            yield from _with_children(name)


def _with_children(name: str) -> Iterator[tuple[str, ModuleType]]:
    module = _import(name)
    if module is None:
        return
    yield name, module
    for _, child, _ in sorted(pkgutil.iter_modules(getattr(module, "__path__", ()))):
        if not child.startswith(("_", "test")):
            yield from _with_children(f"{name}.{child}")


def _import(name: str) -> ModuleType | None:
    """The module, or None where this build or platform lacks it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


if __name__ == "__main__":
    for row in _gather():
        sys.stdout.buffer.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

"""The error hierarchy: every failure a person can cause says what, where, and what to do.

`InparsError` and its subclasses are user errors: the command line prints them without a traceback
and exits with 2, or with 75 where it only takes more time (`Pending`). Anything else that escapes is
ours, and exits with 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path


class InparsError(Exception):
    """A user error. `hint` says what to do about it, on a line of its own."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class InputError(InparsError):
    """A file that cannot be read: where (`path`, `line` from 1), what was expected, what was found."""

    def __init__(
        self,
        path: str | Path,
        *,
        expected: str,
        found: str,
        line: int | None = None,
        hint: str = "",
    ) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: expected {expected}; found {found}", hint=hint)
        self.path = Path(path)
        self.line = line


class OptionError(InparsError):
    """An option or recipe key that is unknown or has a value it cannot take."""


class Pending(InparsError):
    """The work lies with a service that is not done with it: the same command, run again later, goes on."""

    exit_code = 75


class MissingDependency(InparsError):
    """An optional library is needed and absent; the hint is the line that installs it."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the library {library!r}, which is not installed",
            hint=f'pip install "inpars[{extra}]"',
        )


class Faults(InparsError):
    """Several errors that were found before anything was begun, a line each."""

    def __init__(self, faults: Sequence[InparsError]) -> None:
        lines = [f"  - {_on_one_line(fault)}" for fault in faults]
        super().__init__("\n".join([f"{len(faults)} errors, all found before anything was begun:", *lines]))
        self.faults = tuple(faults)


def faults_of(*checks: Callable[[], object]) -> list[InparsError]:
    """What the checks raise, each for itself, so that one that fails hides none of the others."""
    found: list[InparsError] = []
    for check in checks:
        try:
            check()
        except Faults as several:
            found += several.faults
        except InparsError as error:
            found.append(error)
    return found


def raise_faults(faults: Iterable[InparsError]) -> None:
    """Raise the one error that there is, or all of them as one; nothing where there are none."""
    found = list({str(fault): fault for fault in faults}.values())
    if len(found) == 1:
        raise found[0]
    if found:
        raise Faults(found)


def _on_one_line(error: InparsError) -> str:
    hint = f" (hint: {error.hint})" if error.hint else ""
    return f"{'; '.join(error.message.splitlines())}{hint}"


def unknown_name(kind: str, name: str, available: Iterable[str]) -> OptionError:
    """The error for a name that is not among `available`, with the nearest one suggested."""
    names = sorted(available)
    close = difflib.get_close_matches(name, names, n=1)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    return OptionError(f"unknown {kind} {name!r}", hint=f"{suggestion}available: {', '.join(names)}")


def shorten(text: object, limit: int = 60) -> str:
    """`text` as one quoted line of at most `limit` characters, for use in messages."""
    line = repr(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def some(names: Sequence[str], limit: int = 5) -> str:
    """The first few of `names`, quoted, for use in messages."""
    return ", ".join(map(repr, names[:limit])) + (", …" if len(names) > limit else "")

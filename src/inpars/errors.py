"""The error hierarchy: every failure a person can cause says what, where, and what to do.

`InparsError` and its subclasses are user errors: the command line prints them without a traceback
and exits with 2, or with 75 where it only takes more time (`Pending`). Anything else that escapes is
ours, and exits with 1.
"""

from __future__ import annotations

import difflib
import errno
import importlib.util
import os
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


class NothingProduced(InparsError):
    """A stage has done its work, all is written, and there is nothing in its output."""


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


def require_library(module: str, extra: str, purpose: str) -> None:
    """`MissingDependency` where a library is not installed; it is not imported."""
    if importlib.util.find_spec(module) is None:
        raise MissingDependency(module.replace("_", "-"), extra, purpose)


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


_FREE_SPACE = "free some space, then run the same command again: what is finished is kept"
_FAILING = "is the disk, or the connection to it, in order? then run the same command again: what is finished is kept"
_PERMISSIONS = "look at its owner and permissions (ls -ld), or name another"
_GONE = "was it moved, deleted or unmounted meanwhile? the same command goes on from what is finished"
_HINTS = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: "a limit (`ulimit -f`) or the file system allows no larger file; raise it, or write elsewhere",
    errno.EROFS: "the file system is read-only: name a place elsewhere",
    errno.EACCES: _PERMISSIONS,
    errno.EPERM: _PERMISSIONS,
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.ELOOP: "the link leads back to itself: point it to a file",
    errno.ENOTDIR: "is there a file in the place of a folder?",
    errno.ENOENT: _GONE,
    errno.ESTALE: _GONE,
    errno.EIO: _FAILING,
    errno.ENXIO: _FAILING,
    errno.ENODEV: _FAILING,
    errno.EMFILE: "raise the limit on open files: ulimit -n 4096",
    errno.ENFILE: "raise the limit on open files: ulimit -n 4096",
    errno.ENOMEM: "close other programs, or take a machine with more memory",
}
# Without a path it may as well have been a temporary file.
_ANYWHERE = {errno.ENOSPC, errno.EDQUOT}


def system_error(error: OSError, path: str | os.PathLike[str] | None = None) -> InparsError:
    """What the operating system refused, told as a user error: the path, why, and what to do.

    `path` stands for the one that `error` names, if any; reading from and writing to an open file names none.
    """
    where = path if path is not None else error.filename
    # A library's own OSError has no number, and its text is all there is.
    why = error.strerror or next(iter(str(error).splitlines()), "") or type(error).__name__
    if isinstance(error, ConnectionError | TimeoutError) and where is None:
        return InparsError(f"a connection failed: {why}", hint="is there a network?")
    # numpy says how much it could not write, and not why.
    hint = _HINTS.get(error.errno, "") if error.errno else "is the disk full?" if path is not None else ""
    if isinstance(where, (str, os.PathLike)):
        return InparsError(f"{os.fspath(where)}: {why}", hint=hint)
    if error.errno in _ANYWHERE:
        hint = f"{hint}; look also at the disk of temporary files, which TMPDIR names"
    return InparsError(f"a file could not be read or written: {why}" if error.errno else why, hint=hint)


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

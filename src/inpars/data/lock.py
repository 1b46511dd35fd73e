"""One process at a time at work on an output, with a lock file that says who that is and since when.

A lock of a dead process is taken over: at once on the host where it ran, elsewhere after five minutes without a
sign of life. A process that was taken for dead and comes back notices before it writes again (`check_locks`).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from inpars.data.lock_file import BEAT, make_lock, now, read_lock, refuse_if_in_use, thread_at_work
from inpars.errors import InparsError, OptionError, system_error


class LockLost(InparsError):
    """Another process has taken over what this one was at work on."""


class _Held:
    """A lock of this process, and how many hold on to it."""

    def __init__(self, path: Path, what: Path) -> None:
        self.path, self.what = path, what
        self.token, self.since = make_lock(path, what), now()
        self.thread = threading.current_thread()
        self.holders = 0
        self.checked = time.time()
        self.lost = ""


_held: dict[str, _Held] = {}
_guard = threading.RLock()
_scopes = threading.local()
_heart: threading.Thread | None = None


def take_lock(path: Path, what: Path) -> Callable[[], None]:
    """Lock `what` by a file at `path`, in a folder that is there; returns the function that releases it.

    What this thread holds already it takes once more, and keeps until each has been released. `OutputInUse`
    where another is at work there, `OptionError` where no lock can be written.
    """
    key = os.path.realpath(path)
    with _guard:
        _refuse_other_threads(key)
        if key not in _held or _held[key].lost:
            with _told(what):
                _held[key] = _Held(path, what)
            _start_heart()
        held = _held[key]
        held.thread = threading.current_thread()
        held.holders += 1
    released = False

    def release() -> None:
        nonlocal released
        with _guard:
            if not released and _held.get(key) is held:
                held.holders -= 1
                if not held.holders:
                    _let_go(key)
            released = True

    if open_scopes := getattr(_scopes, "open", None):
        open_scopes[-1].append(release)
    return release


@contextlib.contextmanager
def locks_released() -> Iterator[None]:
    """Release at the end, however it comes, the locks that were taken within; also a decorator for functions."""
    if not hasattr(_scopes, "open"):
        _scopes.open = []
    taken: list[Callable[[], None]] = []
    _scopes.open.append(taken)
    try:
        yield
    finally:
        _scopes.open.pop()
        for release in taken:
            release()


def check_unlocked(path: Path, what: Path) -> None:
    """`OutputInUse` where `take_lock` would raise it; nothing is taken."""
    key = os.path.realpath(path)
    with _guard:
        _refuse_other_threads(key)
        if key not in _held:
            with _told(what):
                refuse_if_in_use(path, what)


def check_locks() -> None:
    """`LockLost` where another process has taken over a lock of this one; looks at each once a second at most."""
    with _guard:
        for held in list(_held.values()):
            if not held.lost and abs(time.time() - held.checked) >= 1.0:
                _look(held)
            if held.lost:
                raise LockLost(
                    held.lost,
                    hint="nothing more is written there; the same command goes on later from what is finished",
                )


def lock_of(output: Path) -> Path:
    """Where the lock of an output lies: beside it, as the output may be a file."""
    return output.parent / f".{output.name}.lock"


def is_lock(path: Path) -> bool:
    """Whether a file is a lock, or goes with one, by its name."""
    return path.name.startswith(".") and path.suffix == ".lock"


@contextlib.contextmanager
def _told(what: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = system_error(error).hint
        raise OptionError(f"the output {what} cannot be written: {error.strerror}", hint=hint) from None


def _refuse_other_threads(key: str) -> None:
    held = _held.get(key)
    if held is not None and held.thread is not threading.current_thread() and held.thread.is_alive():
        raise thread_at_work(held.what, held.since)


def _look(held: _Held) -> None:
    """See whether a lock is still ours."""
    try:
        found = read_lock(held.path)
    except OSError:
        return  # A disk that does not answer takes nothing away.
    held.checked = time.time()
    if found is None or found.token != held.token:
        facts = found.facts if found is not None else {}
        by = f"process {facts['pid']} on {facts.get('host')} has taken it over" if facts else "its lock is gone"
        held.lost = f"{held.what} is no longer this process's to write: {by}"


def _let_go(key: str) -> None:
    held = _held.pop(key)
    with contextlib.suppress(OSError):
        if (found := read_lock(held.path)) is not None and found.token == held.token:
            held.path.unlink()


@atexit.register
def _let_all_go() -> None:
    with _guard:
        for key in list(_held):
            _let_go(key)


def _start_heart() -> None:
    global _heart
    if _heart is None or not _heart.is_alive():
        _heart = threading.Thread(target=_beat, name="inpars-locks", daemon=True)
        _heart.start()


def _beat() -> None:
    while True:
        time.sleep(BEAT)
        with _guard:
            for held in list(_held.values()):
                _look(held)
                if not held.lost:
                    with contextlib.suppress(OSError):
                        os.utime(held.path)


def _forget() -> None:
    """In a forked child: the locks are its parent's."""
    global _guard, _heart
    _guard, _heart = threading.RLock(), None
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

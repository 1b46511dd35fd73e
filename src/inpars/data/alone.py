"""One process at a time makes a file or folder of the cache; the others wait for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from inpars.progress import say


@contextlib.contextmanager
def alone(path: Path, waiting: str) -> Iterator[None]:
    """Within it no other process makes `path`, where the system has locks; `waiting` is said before a wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    lock = path.with_name(f"{path.name}.lock")
    with lock.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(waiting)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield

"""The file that locks an output: how it is made, read, judged to be of the dead, and taken over.

It is made with `O_CREAT | O_EXCL`, which holds on network file systems too, and its owner touches it from time to
time. The clocks of hosts differ: how long ago that was goes by the file system's, which stamps the files of all.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from inpars.errors import InparsError

BEAT = 20.0
"""Seconds from one sign of life to the next."""
PATIENCE = 300.0
"""Seconds without one after which a process on another host is taken for dead."""

# Between the making of a file and its contents, and between a claim and the lock that follows, lie milliseconds.
_UNFINISHED = 15.0
_AGAIN = 0.05
# What tells this machine, since it was started and as seen from this container, from all others.
_MACHINE = ("host", "boot", "pids")


class OutputInUse(InparsError):
    """Another process, or another thread, is at work on the same output."""


class Lock(NamedTuple):
    """A lock file as it lies there: its contents (empty where they cannot be read), and when it was touched."""

    facts: dict[str, Any]
    touched: float

    @property
    def token(self) -> str:
        """What no other lock has."""
        return str(self.facts.get("token") or f"unreadable-{self.touched}")


def make_lock(path: Path, what: Path) -> str:
    """Make the lock file of `what` at `path`, taking over one of the dead; returns its token.

    `OutputInUse` where its owner lives, `OSError` where no file can be made there.
    """
    while True:
        token = uuid.uuid4().hex
        if _create(path, token):
            # Whoever took it for the one before would have put another in its place by now.
            if (made := read_lock(path)) is not None and made.token == token:
                return token
        elif (found := read_lock(path)) is not None:
            _refuse(path, what, found)
            if not found.facts and _age(path, found) < _UNFINISHED:
                # Made this moment, and about to be written.
                time.sleep(_AGAIN)
            else:
                _clear_away(path, found)


def refuse_if_in_use(path: Path, what: Path) -> None:
    """`OutputInUse` where the owner of the lock file at `path` lives."""
    if (found := read_lock(path)) is not None:
        _refuse(path, what, found)


def read_lock(path: Path) -> Lock | None:
    """The lock that lies at `path`, if any."""
    facts: Any = None
    try:
        touched = path.stat().st_mtime
        facts = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        pass
    whole = isinstance(facts, dict) and isinstance(facts.get("pid"), int) and str(facts.get("token")).isalnum()
    return Lock(facts if whole else {}, touched)


def thread_at_work(what: Path, since: str) -> OutputInUse:
    """The error for what another thread of this process is at work on."""
    told = f"another thread of this process is at work on {what} since {since}"
    return OutputInUse(told, hint="wait until it is done, or give another output")


def now() -> str:
    """The time of day, as locks tell it."""
    return datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")


def _refuse(path: Path, what: Path, found: Lock) -> None:
    facts, me = found.facts, _me()
    if not facts:
        return
    at_work = f"is at work on {what} since {facts.get('since')}"
    hint = "wait until it is done, or give another output"
    age = _age(path, found)
    silent = abs(age) > PATIENCE
    if any(facts.get(name) != me[name] for name in _MACHINE):
        if not silent:
            seen, minutes = max(0, round(age)), max(1, round((PATIENCE - age) / 60))
            raise OutputInUse(
                f"process {facts['pid']} on {facts.get('host')} {at_work}; last sign of life {seen} s ago",
                hint=f"{hint}; if that process is gone, the same command works in {minutes} min",
            )
    elif _lives(facts, silent) and facts["pid"] != me["pid"]:
        # A process that lies still is not dead, and may go on.
        told = f"; no sign of life for {round(age)} s: is it suspended?" if age > 3 * BEAT else ""
        raise OutputInUse(f"process {facts['pid']} on this machine ({me['host']}) {at_work}{told}", hint=hint)


def _lives(facts: dict[str, Any], silent: bool) -> bool:
    """Whether a process of this machine lives; where that cannot be seen, whether it is not `silent`."""
    begun = _begun(facts["pid"])
    if begun is not None:
        return begun == facts.get("begun")
    return not silent and _answers(facts["pid"])


def _create(path: Path, token: str) -> bool:
    """Make a file that is not there yet; whether we made it."""
    try:
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    try:
        if hasattr(os, "fchmod"):
            # Whoever may write beside it may read who is at work.
            os.fchmod(number, 0o644)
        with os.fdopen(number, "wb") as stream:
            stream.write(json.dumps({"token": token, **_me(), "since": now()}).encode() + b"\n")
    except BaseException:
        _unlink(path)
        raise
    return True


def _clear_away(path: Path, dead: Lock) -> None:
    """Remove a lock of the dead, unless another process is about to."""
    # Only one can claim a lock, by its token; whoever claims it later finds another token in its place.
    claim = path.with_name(f".{dead.token}.lock")
    if not _create(claim, uuid.uuid4().hex):
        if (claimed := read_lock(claim)) is not None and abs(_age(claim, claimed)) > _UNFINISHED:
            _unlink(claim)
        time.sleep(_AGAIN)
        return
    aside = path.with_name(f".{uuid.uuid4().hex}.lock")
    try:
        found = read_lock(path)
        if found is not None and found.token == dead.token:
            os.rename(path, aside)
            moved = read_lock(aside)
            if moved is not None and moved.token != dead.token:
                # The dead came back and released its lock, and another took it, all since we looked.
                os.link(aside, path)
    except (FileNotFoundError, FileExistsError):
        pass
    finally:
        _unlink(aside)
        _unlink(claim)


def _age(path: Path, found: Lock) -> float:
    """Seconds since a lock was touched, by the clock that stamped it."""
    stamped = path.with_name(f".{uuid.uuid4().hex}.lock")
    try:
        stamped.touch()
        return stamped.stat().st_mtime - found.touched
    finally:
        _unlink(stamped)


def _me() -> dict[str, Any]:
    boot, pids = "", ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        pids = os.readlink("/proc/self/ns/pid")
    pid = os.getpid()
    return {"host": platform.node(), "boot": boot, "pids": pids, "pid": pid, "begun": _begun(pid)}


def _begun(pid: int) -> str | None:
    """When a process began, in the kernel's count, so that a number used again is told apart.

    "" for one that is dead and only waits for its parent to notice; None where it cannot be seen.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            # The name, in brackets, may hold anything.
            fields = stream.read().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if fields[0] in "ZX" else fields[19]


def _answers(pid: int) -> bool:
    """Whether there is a process of that number."""
    if os.name != "posix":
        # Elsewhere a signal of 0 is none of nothing: it ends the process.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

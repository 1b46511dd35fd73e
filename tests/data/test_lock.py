"""Locks, with real processes: one at a time, released, taken over from the dead, and noticed when lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.artifacts import Artifact
from inpars.data.files import write_json
from inpars.data.lock import LockLost, check_locks, lock_of, locks_released, take_lock
from inpars.data.lock_file import PATIENCE, OutputInUse
from inpars.errors import OptionError
from inpars.options import Options

HOLDER = """
import sys, time
from pathlib import Path
from inpars.data.lock import lock_of, take_lock
output = Path(sys.argv[1])
take_lock(lock_of(output), output)
print("held", flush=True)
sys.stdin.readline()
"""

TAKER = """
import sys
from pathlib import Path
from inpars.data.lock import lock_of, take_lock
from inpars.data.lock_file import OutputInUse
output = Path(sys.argv[1])
sys.stdin.readline()
try:
    take_lock(lock_of(output), output)
except OutputInUse:
    print("refused", flush=True)
else:
    print("held", flush=True)
    sys.stdin.readline()
"""

Start = Callable[[str, Path], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Start:
    """Start a program in a process of its own."""

    def begin(program: str, output: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", program, str(output)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    return begin


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def take(output: Path) -> Callable[[], None]:
    return take_lock(lock_of(output), output)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def foreign(output: Path, seconds_ago: float, **facts: object) -> None:
    """The lock of a process on another host, touched some time ago."""
    known = {"token": "abc123", "host": "elsewhere", "boot": "b", "pids": "p", "pid": 1, "begun": "1"}
    lock_of(output).write_text(json.dumps(known | {"since": "2026-01-01 10:00:00+00:00"} | facts))
    then = time.time() - seconds_ago
    os.utime(lock_of(output), (then, then))


def test_a_second_process_is_told_who_is_at_work_there_and_since_when(output: Path, start: Start) -> None:
    holder = start(HOLDER, output)
    assert said(holder) == "held"
    with pytest.raises(OutputInUse) as refused:
        take(output)
    assert f"process {holder.pid} on this machine ({socket.gethostname()}) is at work on {output} since 2" in str(
        refused.value
    )
    assert "give another output" in refused.value.hint
    go(holder)
    holder.communicate()
    take(output)()
    assert names_in(output.parent) == [], "a process that ends releases its lock"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only /proc tells that a killed process is dead")
def test_the_lock_of_a_killed_process_is_taken_over_at_once_even_before_it_is_reaped(
    output: Path, start: Start
) -> None:
    holder = start(HOLDER, output)
    said(holder)
    holder.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert lock_of(output).exists()
    take(output)()
    assert names_in(output.parent) == []


def test_a_number_that_another_process_has_now_does_not_keep_a_dead_lock_alive(output: Path, start: Start) -> None:
    holder = start(HOLDER, output)
    said(holder)
    facts = json.loads(lock_of(output).read_text())
    if facts["begun"] is None:
        pytest.skip("no /proc tells when a process began")
    holder.kill()
    holder.wait()
    lock_of(output).write_text(json.dumps(facts | {"pid": os.getppid(), "begun": "1"}))
    take(output)()


def test_a_lock_of_another_host_holds_while_its_owner_shows_signs_of_life(output: Path) -> None:
    foreign(output, PATIENCE - 60)
    with pytest.raises(OutputInUse, match="process 1 on elsewhere is at work") as refused:
        take(output)
    assert "last sign of life 240 s ago" in str(refused.value)
    assert "in 1 min" in refused.value.hint
    foreign(output, PATIENCE + 60)
    take(output)()
    assert names_in(output.parent) == []


def test_a_container_that_shares_the_hosts_name_is_another_host(output: Path, start: Start) -> None:
    holder = start(HOLDER, output)
    said(holder)
    mine = json.loads(lock_of(output).read_text())
    holder.kill()
    holder.wait()
    foreign(output, 10, **{**mine, "pids": "pid:[1]"})
    with pytest.raises(OutputInUse):
        take(output)


@pytest.mark.parametrize("contents", ["", '{"token": "abc', "[]", '{"token": "../../x", "pid": 1}'])
def test_a_lock_that_a_kill_left_empty_or_half_written_is_taken_over(output: Path, contents: str) -> None:
    lock_of(output).write_text(contents)
    os.utime(lock_of(output), (time.time() - 60, time.time() - 60))
    take(output)()
    assert names_in(output.parent) == []


def test_of_many_that_take_over_at_once_one_wins(output: Path, start: Start) -> None:
    foreign(output, PATIENCE + 60)
    takers = [start(TAKER, output) for _ in range(8)]
    for taker in takers:
        go(taker)
    assert sorted(said(taker) for taker in takers) == ["held"] + ["refused"] * 7
    assert names_in(output.parent) == [lock_of(output).name]


def test_what_is_held_can_be_taken_again_and_is_released_with_the_last(output: Path) -> None:
    first, second = take(output), take(output)
    first()
    first()
    assert lock_of(output).exists()
    second()
    assert not lock_of(output).exists()


def test_another_thread_is_refused_too(output: Path) -> None:
    release = take(output)
    refused: list[str] = []

    def other() -> None:
        try:
            take(output)
        except OutputInUse as error:
            refused.append(str(error))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    release()
    assert len(refused) == 1
    assert "another thread of this process is at work" in refused[0]


def test_an_exception_releases_what_was_taken_within_while_it_is_still_held_on_to(output: Path, start: Start) -> None:
    @locks_released()
    def stage() -> None:
        artifact = Artifact(output, "filter", Options(), {})
        artifact.begin()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:
        stage()
    assert kept.traceback
    other = start(HOLDER, output)
    assert said(other) == "held"


def test_a_process_that_lost_its_lock_stops_before_it_writes(
    output: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    artifact = Artifact(output, "filter", Options(), {})
    artifact.begin()
    artifact.write_unit(0, [{"n": 0}])
    # As if it had been suspended, and taken for dead.
    lock_of(output).unlink()
    other = start(HOLDER, output)
    said(other)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 600)
    with pytest.raises(LockLost, match=f"process {other.pid} on .* has taken it over"):
        artifact.write_unit(1, [{"n": 1}])
    assert not artifact.unit(1).exists()
    with pytest.raises(LockLost):
        write_json(output, [])
    del artifact
    assert lock_of(output).exists(), "the lock of the other process stays"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_neither_holds_nor_releases_the_lock_of_its_parent(output: Path) -> None:
    release = take(output)
    if not (child := os.fork()):
        code = 1
        try:
            release()
            check_locks()
            take(output)
        except OutputInUse:
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lock_of(output).exists()
    release()


def test_units_of_one_at_work_are_not_touched(output: Path, start: Start) -> None:
    program = HOLDER.replace("take_lock(lock_of(output), output)", BEGIN)
    holder = start(program, output)
    said(holder)
    before = names_in(output.parent / ".out.jsonl.units")
    for options in ({}, {"corpus": "another"}):
        artifact = Artifact(output, "filter", Options(), options)
        with pytest.raises(OutputInUse):
            artifact.is_current()
        with pytest.raises(OutputInUse):
            artifact.begin()
    assert names_in(output.parent / ".out.jsonl.units") == before == ["000000.jsonl", "fingerprint"]


BEGIN = """
from inpars.data.artifacts import Artifact
from inpars.options import Options
artifact = Artifact(output, "filter", Options(), {})
artifact.begin()
artifact.write_unit(0, [{"n": 0}])
"""


def test_a_place_where_no_lock_can_be_written_is_an_error_with_its_reason(output: Path) -> None:
    with pytest.raises(OptionError, match=r"out\.jsonl cannot be written: No such file or directory"):
        take_lock(output.parent / "none" / ".out.jsonl.lock", output)

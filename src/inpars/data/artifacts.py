"""What a stage writes: made in units, each atomic; finished with a sidecar that says what it is.

While a stage works, its finished units lie in `.<name>.units/` beside the output. A rerun with the
same options and inputs does only the units that are missing (or hold errors); with others it starts afresh. The
finished output has `<name>.meta.json` beside it, and a rerun that finds its own fingerprint there
has nothing to do. From `begin` to `finish` a lock, `.<name>.lock`, keeps other processes out.
"""

from __future__ import annotations

import glob
import re
import shutil
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from inpars import __version__
from inpars.data.files import COMPRESSIONS, atomic_write, digest_of, read_json, write_json, write_jsonl
from inpars.data.hashes import hash_of
from inpars.data.lock import check_unlocked, lock_of, take_lock
from inpars.data.paths import require_file, require_place
from inpars.errors import InparsError
from inpars.options import Options
from inpars.progress import say

FOLDERS = frozenset({"train"})
"""Stages whose output is a folder; that of any other is a file."""


def sidecar(path: Path) -> Path:
    """Where the facts about an output lie."""
    return path.parent / f"{path.name}.meta.json"


def side_file(path: Path, part: str) -> Path:
    """Where rows lie that are not the output `path` itself but go with it: `<stem>.<part>.jsonl`."""
    return path.parent / f"{path.stem}.{part}.jsonl"


def discard(path: Path) -> None:
    """Take an output away, and the facts about it."""
    for stale in (path, sidecar(path)):
        stale.unlink(missing_ok=True)


def set_aside_path(path: Path, fingerprint: str) -> Path:
    """Where the output `path` lies once another has taken its place: `queries.jsonl` as `queries.1a2b3c4d.jsonl`."""
    stem = path.name.removesuffix("".join(path.suffixes[-2:] if path.suffix in COMPRESSIONS else path.suffixes[-1:]))
    return path.with_name(f"{stem}.{fingerprint[:8]}{path.name.removeprefix(stem)}")


def is_set_aside(path: Path) -> bool:
    """Whether `path` is named as an output that another has taken the place of, or as a side file of such a one."""
    return any(re.fullmatch(r"\.[0-9a-f]{8}", suffix) for suffix in path.suffixes)


def where_reasons_lie(path: Path) -> str:
    """A hint at the side files of `path` that say why rows are not in it; empty where there are none."""
    sides = (side_file(path, part) for part in ("dropped", "errors"))
    found = [str(side) for side in sides if side.is_file()]
    return f"{' and '.join(found)} say{'' if found[1:] else 's'} why" if found else ""


def fingerprint_of(path: Path) -> str:
    """What identifies a file, or a folder's files, as an input: the contents and how they came to be.

    `InputError` where there is neither, or a file cannot be read.
    """
    if not path.is_dir():
        require_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    digest = digest_of(path, (str(file.relative_to(path)) for file in files))
    meta = sidecar(path)
    if meta.is_file():
        digest.update(str(read_json(meta).get("fingerprint")).encode())
    return digest.hexdigest()


class Artifact:
    """One output of a stage, from the check whether it is there already to its sidecar."""

    def __init__(self, output: str | Path, stage: str, options: Options, inputs: Mapping[str, str]) -> None:
        self.output = Path(output)
        self.stage = stage
        self.options = options.model_dump(mode="json")
        self.inputs = dict(inputs)
        identity = {"stage": stage, "options": options.identity(), "inputs": self.inputs, "version": __version__}
        self.fingerprint = hash_of(identity)
        self.folder = self.output.parent / f".{self.output.name}.units"
        self.lock = lock_of(self.output)
        self._started = time.perf_counter()

    def is_current(self, *, silent: bool = False) -> bool:
        """Whether the output is there, finished, and made with these options from these inputs; it says so.

        Where it is not, an error says now whether it can be made at all: as `begin`, and before anything is loaded.
        """
        if self.is_finished():
            # A kill may have come between the sidecar and the clearing away.
            if self.folder.exists():
                self._clear_away()
            if not silent:
                say(f"{self.stage}: {self.output} is up to date")
            return True
        self._require_place()
        check_unlocked(self.lock, self.output)
        return False

    def begin(self) -> None:
        """Lock the output, and make the folder of units ready: kept where they are this artifact's own, else emptied.

        `OptionError` where the output is a folder and should be a file, or nothing can be written beside it,
        `OutputInUse` where another process is at work on it. The lock is released by `finish`, or when
        `locks_released` around the caller ends.
        """
        self._require_place()
        self.output.parent.mkdir(parents=True, exist_ok=True)
        release = take_lock(self.lock, self.output)
        # For those who begin without `locks_released` around them, and fail.
        self._release = weakref.finalize(self, release)
        # From here on an older output is stale: without its sidecar nobody takes it for finished.
        sidecar(self.output).unlink(missing_ok=True)
        owner = self.folder / "fingerprint"
        if self.folder.exists() and (not owner.is_file() or owner.read_text() != self.fingerprint):
            shutil.rmtree(self.folder)
        self.folder.mkdir(exist_ok=True)
        beside = (f".{glob.escape(self.output.name)}.*.tmp", f".{glob.escape(self.output.stem)}.*.jsonl.*.tmp")
        leftovers = {path for names in beside for path in self.output.parent.glob(names)}
        for leftover in (*self.folder.glob(".*.tmp"), *leftovers):
            leftover.unlink()
        with atomic_write(owner) as stream:
            stream.write(self.fingerprint.encode())

    def is_finished(self) -> bool:
        """Whether the output is there, finished, and made with these options from these inputs; says nothing."""
        meta = sidecar(self.output)
        if not (self.output.exists() and meta.is_file()):
            return False
        facts = read_json(meta)
        finished: bool = facts.get("fingerprint") == self.fingerprint and not facts.get("errors")
        return finished

    def _clear_away(self) -> None:
        try:
            release = take_lock(self.lock, self.output)
        except InparsError:
            return  # Another process has begun since; or nothing can be written here, and nothing need be.
        if self.is_finished():
            shutil.rmtree(self.folder, ignore_errors=True)
        release()

    def _require_place(self) -> None:
        # What a folder may take the place of is for its stage to say.
        if self.stage not in FOLDERS:
            require_place(self.output)

    def unit(self, number: int, part: str = "") -> Path:
        """Where unit `number` lies, or will lie once it is done; `part` names a file that goes with it."""
        return self.folder / f"{number:06d}{part and '.'}{part}.jsonl"

    def write_unit(self, number: int, rows: Iterable[dict[str, Any]], part: str = "") -> None:
        """Write one unit, or a part of it, all or nothing."""
        write_jsonl(self.unit(number, part), rows)

    def units(self, part: str = "") -> Iterator[Path]:
        """The finished units, or that part of them, in order."""
        names = f"*.{part}.jsonl" if part else "*[0-9].jsonl"
        yield from sorted(self.folder.glob(names), key=lambda unit: int(unit.name.split(".")[0]))

    def side_file(self, part: str) -> Path:
        """Where rows lie that are not the output itself but go with it: `<stem>.<part>.jsonl`."""
        return side_file(self.output, part)

    def merge(self, part: str = "") -> int:
        """Join the units, or that part of them, into the output or its side file; returns the number of rows.

        A side file without rows is not left behind.
        """
        path = self.side_file(part) if part else self.output
        rows = 0
        with atomic_write(path) as stream:
            for unit in self.units(part):
                with unit.open("rb") as lines:
                    for line in lines:
                        stream.write(line)
                        rows += 1
        if part and not rows:
            path.unlink()
        return rows

    def finish(self, **facts: Any) -> None:
        """Write the sidecar with `facts` (counts and the like) and clear the units away.

        Where `errors` are counted the units stay, and a rerun takes up what failed. The lock is released.
        """
        write_json(
            sidecar(self.output),
            {
                "stage": self.stage,
                "fingerprint": self.fingerprint,
                "inpars": __version__,
                "options": self.options,
                "inputs": self.inputs,
                "seconds": round(time.perf_counter() - self._started, 2),
                **facts,
            },
        )
        if not facts.get("errors"):
            shutil.rmtree(self.folder)
        self._release()


def facts_of(output: str | Path) -> dict[str, Any]:
    """The sidecar of a finished output."""
    facts: dict[str, Any] = read_json(sidecar(Path(output)))
    return facts

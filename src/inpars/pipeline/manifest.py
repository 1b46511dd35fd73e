"""What a run directory says about itself: inputs, versions, and what each step did."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from inpars import __version__
from inpars.data.artifacts import facts_of
from inpars.data.files import read_json, write_json
from inpars.versions import versions_of

_LIBRARIES = (
    "numpy",
    "scipy",
    "bm25s",
    "ir-measures",
    "torch",
    "transformers",
    "sentence-transformers",
    "openai",
    "vllm",
)


class Manifest:
    """`manifest.json`, written anew after every step."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.path = path
        self.previous: dict[str, Any] = read_json(path) if path.is_file() else {}
        self.value: dict[str, Any] = {
            "inpars": __version__,
            "created": self.previous.get("created", _now()),
            "finished": None,
            **facts,
            "versions": {"python": platform.python_version(), **versions_of(_LIBRARIES)},
            "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": _cores()},
            "steps": {},
        }

    def record(self, step: str, stage: str, output: Path, reused: bool) -> None:
        """Add a finished step."""
        outputs = output if output.is_dir() and not (output.parent / f"{output.name}.meta.json").is_file() else None
        facts = (
            {
                path.relative_to(outputs).as_posix().removesuffix(".meta.json"): read_json(path)
                for path in sorted(outputs.rglob("*.meta.json"))
            }
            if outputs
            else facts_of(output)
        )
        where = output.relative_to(self.path.parent).as_posix()
        self.value["steps"][step] = {"stage": stage, "output": where, "reused": reused, "facts": facts}
        self.write()

    def finish(self, worked: bool) -> None:
        """Mark the run as complete; a call that had no work to do leaves the manifest of the one that had."""
        if not worked and self.previous.get("finished"):
            self.value = self.previous
        else:
            self.value["finished"] = _now()
        self.write()

    def write(self) -> None:
        """Write the file, atomically."""
        write_json(self.path, self.value)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

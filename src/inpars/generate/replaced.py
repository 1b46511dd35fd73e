"""Queries that a language model wrote are set aside where others take their place, and taken back when they return."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from inpars.data.artifacts import Artifact, set_aside_path, side_file, sidecar
from inpars.data.files import file_hash, read_json, read_jsonl
from inpars.errors import InparsError
from inpars.progress import say

_SIDES = ("dropped", "errors", "fewshot")


def make_way(artifact: Artifact) -> None:
    """Empty the output's place for `artifact`: whatever a language model wrote there gets a name of its own.

    Where `artifact` itself was set aside before, it is taken back.
    """
    output = artifact.output
    there, ours = _facts(output), set_aside_path(output, artifact.fingerprint)
    if there.get("fingerprint") == artifact.fingerprint:
        return
    # One without queries is not worth a name.
    by_model = "model" in there.get("inputs", {}) if there else _generator(output) not in ("", "extractive")
    if output.is_file() and by_model and there.get("queries", 1):
        aside = set_aside_path(output, there.get("fingerprint") or file_hash(output))
        _move(output, aside)
        model = there.get("options", {}).get("model") or "a language model"
        say(f"generate: {output} was written by {model} from other options or documents; it is kept as {aside}")
    if ours.is_file() and _facts(ours).get("fingerprint") == artifact.fingerprint:
        _move(ours, output)
        say(f"generate: {output} was written before and set aside as {ours.name}; it is back in its place")


def _generator(output: Path) -> str:
    """What wrote the first query of an output whose sidecar is gone; "" where nothing tells."""
    if not output.is_file():
        return ""
    try:
        return str(next(read_jsonl(output), (0, {}))[1].get("generator") or "").partition(":")[0]
    except InparsError:
        return ""


def _move(source: Path, target: Path) -> None:
    """Move an output with its side files and sidecar.

    A kill leaves it whole in one of the two places, at least: all is there twice before anything goes, and the sidecar,
    which makes an output count, comes last and goes first.
    """
    for stale in (sidecar(target), *(side_file(target, part) for part in _SIDES)):
        stale.unlink(missing_ok=True)
    for each, copy in _parts(source, target):
        temporary = copy.with_name(f".{copy.name}.{os.getpid()}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            os.link(each, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(each, temporary)
        os.replace(temporary, copy)
    for each, _ in reversed(_parts(source, target)):
        each.unlink()


def _parts(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """The files that there are of an output, each with its name elsewhere; the sidecar last."""
    parts = [(side_file(source, part), side_file(target, part)) for part in _SIDES]
    parts += [(source, target), (sidecar(source), sidecar(target))]
    return [(here, there) for here, there in parts if here.is_file()]


def _facts(output: Path) -> dict[str, Any]:
    meta = sidecar(output)
    facts: dict[str, Any] = read_json(meta) if meta.is_file() else {}
    return facts

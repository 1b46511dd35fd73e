"""Queries of a language model that a run would replace: they cost money or hours, so that somebody must say so."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from inpars.data.artifacts import sidecar
from inpars.data.files import read_json
from inpars.data.recorded import recorded_steps
from inpars.errors import InparsError
from inpars.options import Options
from inpars.pipeline.stages import STAGES
from inpars.pipeline.steps import Step

_SHOWN = 12


def check_replaced(steps: Sequence[Step], folder: Path) -> None:
    """`InparsError` where a step would write other queries where `folder` has those of a language model.

    Told by the options that they were written with; a changed corpus is no reason to ask. What options lack that
    an earlier version wrote down has the value that it has today by default.
    """
    recorded = recorded_steps(folder)
    for step in steps:
        output = folder / step.name / "queries.jsonl"
        written = recorded.get(step.name)
        if not isinstance(written, dict) or written.get("stage", step.name) != "generate" or not _has_queries(output):
            continue
        # The recipe may be that of a later call which came to nothing.
        written = {**written, **_options_of(output)}
        if _wrote(written) and (differences := list(_differences(step, written))):
            raise _asking(step, output, written, differences)


def _has_queries(output: Path) -> bool:
    units = output.with_name(f".{output.name}.units")
    return output.exists() or any(units.glob("*[0-9].jsonl"))


def _options_of(output: Path) -> dict[str, Any]:
    """The options of finished queries."""
    try:
        facts = read_json(sidecar(output)) if sidecar(output).is_file() else {}
    except InparsError:
        return {}
    options = facts.get("options") if isinstance(facts, dict) else None
    return options if isinstance(options, dict) else {}


def _wrote(options: Mapping[str, Any]) -> bool:
    """Whether a language model writes queries with these options."""
    return bool(options.get("model")) or options.get("backend", "auto") not in ("auto", "extractive")


def _differences(step: Step, written: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """`(option, then, now)` of every option that has a part in what the queries are."""
    if step.stage.name != "generate":
        yield "stage", "generate", step.stage.name
        return
    now = dict(_flat(step.options))
    default = dict(_flat(STAGES["generate"].config()()))
    for name, value in now.items():
        then = _at(written, name, default[name])
        if then != value:
            yield name, then, value


def _flat(options: Options, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every option that the output depends on, by its name with dots, as a JSON value."""
    identity = options.identity()
    for name, value in identity.items():
        inner = getattr(options, name, None)
        if isinstance(inner, Options):
            yield from _flat(inner, f"{place}{name}.")
        else:
            yield f"{place}{name}", value


def _at(options: Mapping[str, Any], name: str, default: Any) -> Any:
    value: Any = options
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return default
        value = value[part]
    return value


def _asking(
    step: Step, output: Path, written: Mapping[str, Any], differences: Sequence[tuple[str, Any, Any]]
) -> InparsError:
    told = "; ".join(f"{name}: {_shown(then)} -> {_shown(now)}" for name, then, now in differences[:_SHOWN])
    if more := len(differences) - _SHOWN:
        told += f"; and {more} more" if more > 0 else ""
    by = written.get("model") or f"the backend {written.get('backend')}"
    again = (
        ""
        if step.stage.name != "generate"
        else " ".join(f"--set {shlex.quote(f'{step.name}.{name}={_set(then)}')}" for name, then, _ in differences)
    )
    keep = f"to keep them, repeat how they were written: {again}; or " if again else "to keep them, "
    return InparsError(
        f"{output} was written by {by}, and this run would write other queries in its place ({told})",
        hint=f"{keep}give the new run another --output; --replace writes them anew",
    )


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _set(value: Any) -> str:
    """A value as `--set` takes it: bare where it is read back as it is."""
    if isinstance(value, str):
        if not value:
            return ""
        try:
            bare = yaml.safe_load(value) == value and value.strip() == value
        except yaml.YAMLError:
            bare = False
        if bare:
            return value
    return json.dumps(value, ensure_ascii=False)

"""What a run directory's recipe.yaml says of an earlier call, whatever version wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from inpars.data.files import read_json
from inpars.errors import InparsError


def recorded_steps(folder: Path) -> dict[str, dict[str, Any]]:
    """The options of each step, by name, as they were written; none where there is no such file or it is another."""
    try:
        recipe = yaml.safe_load((folder / "recipe.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    steps = recipe.get("steps") if isinstance(recipe, dict) else None
    if not isinstance(steps, dict):
        return {}
    return {str(name): options for name, options in steps.items() if isinstance(options, dict)}


def finished_steps(folder: Path) -> set[str]:
    """The steps that the manifest records as finished without errors."""
    try:
        steps = read_json(folder / "manifest.json")["steps"]
        return {name for name, step in steps.items() if not _errors(step["facts"])}
    except (InparsError, AttributeError, KeyError, TypeError):
        return set()


def recorded_judged(folder: Path) -> bool | None:
    """Whether the manifest is of a run with judged queries; None where there is none."""
    try:
        return read_json(folder / "manifest.json")["test_set"] is not None
    except (InparsError, KeyError, TypeError):
        return None


def _errors(facts: dict[str, Any]) -> bool:
    """Whether the facts about a step, or about one of its several outputs, count errors."""
    return bool(facts.get("errors")) or any(_errors(each) for each in facts.values() if isinstance(each, dict))


def recorded_corpus(folder: Path, what: str = "spec") -> str | None:
    """What the manifest says of the corpus that a run was made from: its "spec" or its "fingerprint"."""
    try:
        manifest = read_json(folder / "manifest.json")
    except InparsError:
        return None
    corpus = manifest.get("corpus") if isinstance(manifest, dict) else None
    found = corpus.get(what) if isinstance(corpus, dict) else None
    return found if isinstance(found, str) else None

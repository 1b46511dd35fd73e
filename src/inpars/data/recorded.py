"""What a run directory says of an earlier call, whatever version wrote it: its recipe.yaml and its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from inpars.data.files import read_json, read_text
from inpars.errors import InparsError


def recorded_steps(folder: Path) -> dict[str, Any]:
    """What stands under each step's name in the recipe; empty where there is no such file or it is another."""
    try:
        recipe = yaml.safe_load(read_text(folder / "recipe.yaml"))
    except (InparsError, OSError, yaml.YAMLError):
        return {}
    steps = recipe.get("steps") if isinstance(recipe, dict) else None
    return {str(name): options for name, options in steps.items()} if isinstance(steps, dict) else {}


def recorded_manifest(folder: Path) -> dict[str, Any]:
    """The manifest; empty where there is none, or something else is called so."""
    try:
        manifest = read_json(folder / "manifest.json")
    except InparsError:
        return {}
    return manifest if isinstance(manifest, dict) else {}


def recorded_corpus(manifest: dict[str, Any], what: str = "spec") -> str | None:
    """What a manifest says of the corpus that the run was made from: its "spec" or its "fingerprint"."""
    corpus = manifest.get("corpus")
    found = corpus.get(what) if isinstance(corpus, dict) else None
    return found if isinstance(found, str) else None


def finished_steps(manifest: dict[str, Any]) -> set[str]:
    """The steps that a manifest records as finished without errors."""
    try:
        return {name for name, step in manifest["steps"].items() if not _errors(step["facts"])}
    except (AttributeError, KeyError, TypeError):
        return set()


def _errors(facts: dict[str, Any]) -> bool:
    """Whether the facts about a step, or about one of its several outputs, count errors."""
    return bool(facts.get("errors")) or any(_errors(each) for each in facts.values() if isinstance(each, dict))

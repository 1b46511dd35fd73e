"""Single files of a saved model, local or on the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inpars.errors import InparsError


def model_json(model: str, name: str) -> Any:
    """A model's JSON file; empty where it has none."""
    path = model_file(model, name)
    if path is None:
        return {}
    loaded: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    return loaded


def model_file(model: str, name: str) -> str | None:
    """Where a model's file lies, fetched from the hub where the model is not local; None where it has none."""
    if Path(model).is_dir():
        local = Path(model) / name
        return str(local) if local.is_file() else None
    from transformers.utils import cached_file

    try:
        found: str | None = cached_file(model, name, _raise_exceptions_for_missing_entries=False)
    except OSError as error:
        raise InparsError(
            f"cannot find the model {model!r}: {str(error).splitlines()[0]}",
            hint="give a local folder, or the name of a model on the Hugging Face Hub",
        ) from None
    return found

"""Single files of a saved model, local or on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.data.files import first_line, read_json
from inpars.errors import InputError
from inpars.models.locate import CONFIGURATIONS, in_cache, no_model, why_absent


def model_json(model: str, name: str) -> dict[str, Any]:
    """The object in a model's JSON file; empty where it has none. `InputError` where it is no JSON object."""
    found: dict[str, Any] = _json(model, name, dict)
    return found


def modules_of(model: str) -> list[dict[str, Any]]:
    """The modules that sentence-transformers saved a model as; empty where it was saved otherwise."""
    found: list[dict[str, Any]] = _json(model, "modules.json", list)
    return found


def model_file(model: str, name: str) -> str | None:
    """Where a model's file lies, fetched from the hub where the model is not local; None where it has none."""
    if Path(model).is_dir():
        local = Path(model) / name
        return str(local) if local.is_file() else None
    if why := why_absent(model):
        raise no_model(model, why)
    from transformers.utils import cached_file

    try:
        # Of this one file the library also says why there is no such model, or no way to the hub.
        told = name == "config.json"
        found: str | None = cached_file(model, name, _raise_exceptions_for_missing_entries=told)
    except OSError as error:
        if in_cache(model):
            return None
        raise no_model(model, f"there is no such folder, and of the Hub: {first_line(error)}") from None
    return found


def base_of_adapter(model: str) -> str:
    """The model that an adapter goes on, as the adapter names it; "" where `model` is none."""
    adapter = model_json(model, "adapter_config.json")
    if not adapter:
        return ""
    base = adapter.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        path = str(model_file(model, "adapter_config.json"))
        raise InputError(path, expected="the adapter's base in 'base_model_name_or_path'", found=repr(base))
    return base


def require_configuration(model: str) -> None:
    """`InparsError` where neither a folder nor the hub has any configuration of `model`."""
    if not any(model_file(model, name) for name in CONFIGURATIONS):
        names = ", ".join(CONFIGURATIONS)
        raise no_model(model, why_absent(model) or f"there is no such folder, and the Hub has none of {names} for it")


def _json(model: str, name: str, kind: type) -> Any:
    path = model_file(model, name)
    if path is None:
        return kind()
    loaded = read_json(Path(path))
    if not isinstance(loaded, kind):
        names: dict[type, str] = {dict: "object", list: "array"}
        found = f"an {names[type(loaded)]}" if type(loaded) in names else repr(loaded)
        raise InputError(path, expected=f"a JSON {names[kind]}", found=found)
    return loaded

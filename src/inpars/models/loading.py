"""Load models through the libraries, with clear errors for files that are missing or broken."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from inpars.data.files import first_line
from inpars.errors import InparsError, OptionError
from inpars.models.locate import no_model, why_absent

# What the libraries say at length, or of what stands in a report that is not shown.
_PLAINLY = {
    "Couldn't instantiate the backend tokenizer": "it has no tokenizer that can be read",
    "Unrecognized processing class": "it has no tokenizer that can be read",
    "ignore_mismatched_sizes": "its weights have other shapes than its config.json says",
    "Unrecognized configuration class": "it is a model of another kind",
}


_OF_CODE = ("trust_remote_code", "contains custom code", "executes third-party code")


@contextmanager
def loading(model: str) -> Iterator[None]:
    """Within it a library loads `model`, and nothing else is done: `InparsError` for whatever it cannot load."""
    if why := why_absent(model):
        raise no_model(model, why)
    try:
        yield
    except failures() as error:
        raise _unloadable(model, error) from error


def failures() -> tuple[type[Exception], ...]:
    """What the libraries raise over files that are absent, broken or of something else, or over code they need."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    of_python = (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError, EOFError)
    return (*of_python, pickle.UnpicklingError, SafetensorError, StrictDataclassError)


def require_vocabulary(model: str, tokenizer: Any) -> None:
    """`InparsError` where the library made up a tokenizer, as it does for a model that was saved without one."""
    special = getattr(tokenizer, "all_special_tokens", None)
    # Such a one has special tokens alone, or a mark for the beginning of a word beside them.
    if special is not None and len(set(tokenizer.get_vocab()) - set(special)) < 2:
        raise _cannot(model, "it has no tokenizer that can be read")


def _unloadable(model: str, error: Exception) -> InparsError:
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    if isinstance(error, pickle.UnpicklingError) and "unsupported global" in str(error).lower():
        why = "its pytorch_model.bin holds more than weights, and reading it may run code"
        return InparsError(
            f"model {model!r} cannot be loaded: {why}",
            hint="take its weights as model.safetensors",
        )
    if isinstance(error, (SafetensorError, pickle.UnpicklingError, EOFError)):
        return _cannot(model, "the file of its weights is broken or cut short")
    if isinstance(error, json.JSONDecodeError):
        return _cannot(model, f"one of its files is no JSON: {error}")
    if isinstance(error, StrictDataclassError):
        return _cannot(model, f"its config.json: {' '.join(str(error).split())[:200]}")
    if any(sign in str(error) for sign in _OF_CODE):
        return OptionError(
            f"model {model!r} comes with code of its own, which is not run unless you ask for it",
            hint="read that code; --trust-remote-code runs it",
        )
    said = first_line(error)
    return _cannot(model, next((plain for sign, plain in _PLAINLY.items() if sign in said), said[:300]))


def _cannot(model: str, why: str) -> InparsError:
    return InparsError(
        f"model {model!r} cannot be loaded: {why}",
        hint="are its files whole, and is it of the kind asked for? --family says which",
    )

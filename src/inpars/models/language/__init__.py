"""Language models: one file a kind, all with the interface of `base.LanguageModel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from inpars.registry import Registry

if TYPE_CHECKING:
    from inpars.models.language.base import LanguageModel

BACKENDS: Registry[Callable[[str, Any], LanguageModel]] = Registry(
    "language model backend",
    {
        "transformers": "inpars.models.language.transformers:TransformersModel.load",
        "openai": "inpars.models.language.openai:OpenAIModel",
        "vllm": "inpars.models.language.vllm:VllmModel.load",
        "dummy": "inpars.models.language.dummy:DummyModel.load",
    },
)
"""By backend, what makes a model of its name and the backend's options."""


def split_spec(model: str) -> tuple[str, str]:
    """Backend and name of a model spec: `openai:gpt-4o-mini`, `vllm:Qwen/Qwen3-8B`, a hub id or a path."""
    backend, colon, name = model.partition(":")
    return (backend, name) if colon and backend in BACKENDS else ("transformers", model)


def open_language_model(model: str, options: Any, backend: str = "auto") -> LanguageModel:
    """The model that a spec names. `options` holds each backend's options under its name.

    Answers of models that run here are kept, as `kept.KeptModel` does, unless the backend's option `cache` is "none".
    """
    found, name = split_spec(model)
    if backend not in ("auto", found):
        found, name = backend, model
    own = getattr(options, found, None)
    opened = BACKENDS[found](name, own)
    # Endpoints keep their answers themselves: what they are asked is more than a prompt.
    if found in ("transformers", "vllm"):
        from inpars.models.language.kept import Local, keep_answers

        return keep_answers(cast(Local, opened), own.cache if own else "", found)
    return opened

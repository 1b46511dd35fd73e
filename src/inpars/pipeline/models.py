"""The models that the options of a step name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from inpars.models.language import split_spec
from inpars.pipeline.references import is_reference
from inpars.pipeline.steps import Step

_NAMES = ("model", "reranker", "retriever", "scorer", "teacher", "base_model")
_AROUND = ("positive_aware", "relabel", "judge")


class Named(NamedTuple):
    """A model and the option that names it; `here` where it is loaded in this process, from a folder or the hub."""

    option: str
    model: str
    here: bool


def named_models(step: Step) -> Iterator[Named]:
    """Every model that a step will use, but those that earlier steps make."""
    if step.stage.name != "filter":
        yield from _named(step.name, step.options.model_dump())
        return
    from inpars.filter.config import FilterConfig

    assert isinstance(step.options, FilterConfig)
    for method, options in step.options.steps():
        values = options.model_dump()
        # What a method from outside the package calls a model may be a file of its own kind.
        if method in FilterConfig.model_fields and values.get("kind", "embeddings") == "embeddings":
            yield from _named(f"{step.name}.{method}", values)


def _named(place: str, options: Mapping[str, Any]) -> Iterator[Named]:
    run_here = options.get("backend", "auto") in ("auto", "transformers")
    for name in _NAMES:
        value = options.get(name) or ()
        for model in [value] if isinstance(value, str) else value:
            if model != "bm25" and not is_reference(model):
                yield Named(f"{place}.{name}", model, run_here and split_spec(model)[0] == "transformers")
    for name in _AROUND:
        if name in options:
            yield from _named(f"{place}.{name}", options[name])

"""The models that the options of a step name."""

from __future__ import annotations

from collections.abc import Iterator

from inpars.models.checks import Named, named_in
from inpars.pipeline.steps import Step


def named_models(step: Step) -> Iterator[Named]:
    """Every model that a step will use, but those that earlier steps make."""
    if step.stage.name != "filter":
        yield from named_in(step.name, step.options.model_dump())
        return
    from inpars.filter.checks import named_models
    from inpars.filter.config import FilterConfig

    assert isinstance(step.options, FilterConfig)
    yield from named_models(step.options, step.name)

"""Whether the steps of a recipe go together: what each takes and what those before it give."""

from __future__ import annotations

from collections.abc import Mapping

from inpars.errors import OptionError
from inpars.pipeline.steps import QUERIES, TRIPLES, Step


def check_train(step: Step, earlier: Mapping[str, Step]) -> None:
    """Whether the input has what the loss learns from."""
    options, given = step.options.model_dump(), earlier[step.input]
    if given.stage.gives == QUERIES and options["loss"] != "in-batch":
        raise OptionError(
            f"step {step.name!r}: the loss {options['loss']} learns from negatives, and its input {given.name!r} gives "
            "queries without any",
            hint="put a step of the stage negatives between the two, or train a bi-encoder by the loss in-batch",
        )
    distils = options["loss"] in ("margin-mse", "kl")
    if distils and given.stage.gives == TRIPLES and not given.options.model_dump()["teacher"]:
        raise OptionError(
            f"step {step.name!r}: the loss {options['loss']} learns from a teacher's scores, and its input "
            f"{given.name!r} writes none",
            hint=f"name a model as the teacher: {given.name}.teacher",
        )


def check_search(step: Step, earlier: Mapping[str, Step]) -> None:
    """Whether the model can search."""
    check_retrieval(step, earlier)
    family = earlier[step.input].options.model_dump()["family"]
    if family != "bi-encoder":
        raise OptionError(
            f"step {step.name!r}: its input {step.input!r} is a {family}, which cannot search a corpus by itself",
            hint="the stage rerank measures such a model",
        )


def check_rerank(step: Step, earlier: Mapping[str, Step]) -> None:
    """Whether the options of the first stage go together, and a model that is to search can."""
    from inpars.rerank.config import RerankConfig

    check_retrieval(step, earlier)
    assert isinstance(step.options, RerankConfig)
    family = earlier[step.input].options.model_dump()["family"]
    if step.options.searches_itself and family != "bi-encoder":
        raise OptionError(
            f"step {step.name!r}: first_stage hybrid needs a bi-encoder, and its input {step.input!r} is a {family}",
            hint=f"name one to search with: {step.name}.retriever=all-MiniLM-L6-v2",
        )


def check_retrieval(step: Step, earlier: Mapping[str, Step]) -> None:
    """Whether the options of the first stage go together."""
    from inpars.retrieve.options import RetrievalOptions

    assert isinstance(step.options, RetrievalOptions)
    step.options.check()

"""What mining negatives needs, found before the first query is searched for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from inpars.models.checks import Check, check_scorers, check_scoring, judge_checks
from inpars.negatives.config import NegativesConfig
from inpars.retrieve import check_retrieval


def checks(config: NegativesConfig, *, ready_model: bool = False) -> Iterator[Check]:
    """What the options ask for besides models: libraries, a key, a prompt. With `ready_model` a judge is there."""
    for retriever in config.retriever:
        # A step of a recipe makes it.
        if not retriever.startswith("@"):
            yield partial(check_retrieval, config.retrieval(retriever))
    if config.models():
        yield partial(check_scoring, config.scoring, "mining with a model")
    scorers = (config.positive_aware.scorer, config.relabel.scorer, config.teacher)
    yield partial(check_scorers, config.scoring, [name for name in scorers if name is not None])
    judge = config.relabel.judge
    if judge.model and not ready_model:
        yield from judge_checks(judge, "grade")

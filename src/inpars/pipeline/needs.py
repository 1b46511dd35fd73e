"""What each step of a recipe needs, as the checks that its stage has for itself: made before the run's first step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from inpars.data.corpora import Corpus
from inpars.models.checks import Check
from inpars.pipeline.steps import Step


def of_generate(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """Keys, prices, prompt, examples."""
    from inpars.generate.checks import checks
    from inpars.generate.config import GenerateConfig

    assert isinstance(step.options, GenerateConfig)
    yield from checks(step.options, corpus)


def of_queries(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """The file, and that its queries are of this corpus."""
    from inpars.pipeline.given import GivenConfig, check_given

    assert isinstance(step.options, GivenConfig)
    yield partial(check_given, step.options.file, corpus)


def of_filter(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """Libraries, keys, prompts; of queries from a file, log-probabilities."""
    from inpars.filter.checks import check_log_probs, checks
    from inpars.filter.config import FilterConfig
    from inpars.pipeline.given import GivenConfig

    assert isinstance(step.options, FilterConfig)
    yield from checks(step.options)
    origin = step
    while origin.input:
        origin = next(each for each in steps if each.name == origin.input)
    if isinstance(origin.options, GivenConfig) and origin.options.file.is_file():
        yield partial(check_log_probs, origin.options.file, step.options)


def of_negatives(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """Libraries, keys, prompts, a language's words."""
    from inpars.negatives.checks import checks
    from inpars.negatives.config import NegativesConfig

    assert isinstance(step.options, NegativesConfig)
    yield from checks(step.options)


def of_train(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """Libraries, training arguments, the queries to watch."""
    from inpars.train.checks import checks
    from inpars.train.config import TrainConfig

    assert isinstance(step.options, TrainConfig)
    yield from checks(step.options, corpus)


def of_rerank(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """The first stage, libraries."""
    from inpars.rerank.checks import checks
    from inpars.rerank.config import RerankConfig, SearchConfig

    assert isinstance(step.options, (SearchConfig, RerankConfig))
    yield from checks(step.options)


def of_evaluate(step: Step, corpus: Corpus | None, steps: Sequence[Step]) -> Iterator[Check]:
    """Measures that there are."""
    from inpars.data.measures import parse_measures
    from inpars.evaluate.config import EvaluateConfig

    assert isinstance(step.options, EvaluateConfig)
    yield partial(parse_measures, step.options.measures)

"""What the filter's methods need, found before the first of them has asked anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from inpars.data.corpora import Corpus
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import SyntheticQuery
from inpars.data.sources import check_sources
from inpars.filter.config import FilterConfig
from inpars.filter.method import MethodOptions, no_corpus, no_log_probs
from inpars.filter.options import (
    ConsistencyOptions,
    DuplicatesOptions,
    JudgeOptions,
    LanguageOptions,
    RerankerOptions,
    ScoresOptions,
)
from inpars.models.checks import Check, Named, check_scorers, check_scoring, judge_checks, named_in
from inpars.models.judges.prompt import load_prompt


def checks(config: FilterConfig, *, ready_model: bool = False) -> Iterator[Check]:
    """What the options ask for besides the models: libraries, keys, prompts. With `ready_model` a judge is there."""
    for _, options in config.steps():
        yield from _needs(options, ready_model)


def named_models(config: FilterConfig, place: str) -> Iterator[Named]:
    """The models that the methods which are applied name."""
    for method, options in config.steps():
        values = options.model_dump()
        # What a method from outside the package calls a model may be a file of its own kind.
        if method in FilterConfig.model_fields and values.get("kind", "embeddings") == "embeddings":
            yield from named_in(f"{place}.{method}", values)


def check_queries(path: Path, queries: Sequence[SyntheticQuery], config: FilterConfig, corpus: Corpus | None) -> None:
    """`InparsError` where the queries in `path` lack what a method reads, or are of another corpus than `corpus`.

    `queries` have their log-probabilities where a method needs them.
    """
    steps = config.steps()
    if any(isinstance(options, ScoresOptions) for _, options in steps) and all(q.log_probs is None for q in queries):
        raise no_log_probs()
    bare = [query for query in queries if not query.doc_text]
    read = {"none": (), "of rows without text": bare, "all": queries}
    for name, options in steps:
        if read[options.reads] and corpus is None:
            raise no_corpus(name)
    if corpus is not None:
        most = max((len(read[options.reads]) for _, options in steps), default=0)
        if most < len(queries):
            check_sources(path, bare if most else (), corpus)
        check_sources(path, queries, corpus, lacking=most == len(queries))


def check_log_probs(path: Path, config: FilterConfig) -> None:
    """`InparsError` where a method scores by log-probabilities and no query in `path` has any."""
    scores = any(isinstance(options, ScoresOptions) for _, options in config.steps())
    if scores and all(query.log_probs is None for query in read_synthetic_queries(path)):
        raise no_log_probs()


def _needs(options: MethodOptions, ready_model: bool) -> Iterator[Check]:
    if isinstance(options, DuplicatesOptions):
        if options.kind == "minhash":
            from inpars.filter.near_minhash import open_index

            yield partial(open_index, options.threshold, options.permutations)
        elif options.kind == "embeddings":
            yield partial(check_scoring, options, "duplicates of the kind embeddings")
    elif isinstance(options, LanguageOptions):
        from inpars.filter.language import Detector

        yield partial(Detector, options)
    elif isinstance(options, RerankerOptions):
        yield partial(check_scoring, options, "the filter method reranker")
        yield partial(check_scorers, options, [options.model])
    elif isinstance(options, ConsistencyOptions):
        from inpars.retrieve import check_retrieval

        yield partial(check_retrieval, options.retrieval())
        if options.reranker:
            yield partial(check_scoring, options, "the filter method consistency")
            yield partial(check_scorers, options, [options.reranker])
    elif isinstance(options, JudgeOptions):
        if not (ready_model and not options.model):
            yield from judge_checks(options, options.mode)
        if options.mode == "criteria":
            yield lambda: load_prompt(options.prompt, "criteria").statements(options.criteria)

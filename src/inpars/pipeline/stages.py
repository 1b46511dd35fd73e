"""How each stage is fed from a run directory: what it takes, what it gives, how it is called."""

from __future__ import annotations

from pathlib import Path

from inpars.pipeline import needs
from inpars.pipeline.measuring import run_evaluate, run_rerank, run_search
from inpars.pipeline.steps import METRICS, MODEL, QUERIES, RUNS, TRIPLES, Context, Stage, Step
from inpars.pipeline.wiring import check_rerank, check_search, check_train
from inpars.registry import Registry


def _generate(step: Step, context: Context, folder: Path) -> Path:
    from inpars.generate import generate

    return generate(context.corpus, folder / "queries.jsonl", **step.given())


def _queries(step: Step, context: Context, folder: Path) -> Path:
    from inpars.pipeline.given import given_queries

    return given_queries(step, context, folder)


def _filter(step: Step, context: Context, folder: Path) -> Path:
    from inpars.filter import filter

    queries = context.outputs[step.input]
    return filter(queries, folder / "queries.jsonl", corpus=context.corpus, **step.given())


def _negatives(step: Step, context: Context, folder: Path) -> Path:
    from inpars.negatives import mine_negatives

    return mine_negatives(context.outputs[step.input], context.corpus, folder / "triples.jsonl", **step.given())


def _train(step: Step, context: Context, folder: Path) -> Path:
    from inpars.train import train

    index = context.folder / "index"
    return train(context.outputs[step.input], context.corpus, folder / "model", index=index, **step.given())


_ALL = (
    Stage("generate", (), QUERIES, "inpars.generate.config:GenerateConfig", _generate, needs=needs.of_generate),
    Stage("queries", (), QUERIES, "inpars.pipeline.given:GivenConfig", _queries, needs=needs.of_queries),
    Stage("filter", (QUERIES,), QUERIES, "inpars.filter.config:FilterConfig", _filter, needs=needs.of_filter),
    Stage(
        "negatives",
        (QUERIES,),
        TRIPLES,
        "inpars.negatives.config:NegativesConfig",
        _negatives,
        needs=needs.of_negatives,
    ),
    Stage("train", (TRIPLES, QUERIES), MODEL, "inpars.train.config:TrainConfig", _train, check_train, needs.of_train),
    Stage("search", (MODEL,), RUNS, "inpars.rerank.config:SearchConfig", run_search, check_search, needs.of_rerank),
    Stage("rerank", (MODEL,), RUNS, "inpars.rerank.config:RerankConfig", run_rerank, check_rerank, needs.of_rerank),
    Stage("evaluate", (RUNS,), METRICS, "inpars.evaluate.config:EvaluateConfig", run_evaluate, needs=needs.of_evaluate),
)


class _Stages(Registry[Stage]):
    """The stages by name."""

    def __init__(self) -> None:
        super().__init__("stage", {stage.name: "" for stage in _ALL})
        self._stages = {stage.name: stage for stage in _ALL}

    def __getitem__(self, name: str) -> Stage:
        if name not in self._stages:
            return super().__getitem__(name)
        return self._stages[name]


STAGES = _Stages()

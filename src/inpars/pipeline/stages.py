"""How each stage is fed from a run directory: what it takes, what it gives, how it is called."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from inpars.data.artifacts import Artifact, fingerprint_of, sidecar
from inpars.data.corpora import Corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.held_out import HeldOut
from inpars.data.records import Document
from inpars.data.test_sets import TestSet
from inpars.options import Options
from inpars.progress import say
from inpars.registry import Registry

SYNTHETIC = "held-out synthetic queries"

PAIRS = (
    ("base", "bm25"),
    ("base_fused", "bm25"),
    ("tuned", "bm25"),
    ("tuned_fused", "bm25"),
    ("tuned", "base"),
    ("tuned_fused", "base_fused"),
)
"""The comparisons every run makes: each system with the first stage, each tuned one with its base."""


@dataclass
class Context:
    """What a run gives its steps: the corpus, the test set (None: none), and the outputs so far."""

    folder: Path
    corpus: Corpus
    test_set: TestSet | None
    outputs: dict[str, Path] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A stage as recipes see it. `run` works in its own folder and returns the step's output."""

    name: str
    takes: str
    gives: str
    config_path: str
    run: Callable[[Step, Context, Path], Path]

    def config(self) -> type[Options]:
        """The stage's options."""
        module, name = self.config_path.split(":")
        return cast(type[Options], getattr(importlib.import_module(module), name))


@dataclass(frozen=True)
class Step:
    """One step of a recipe: its stage, the earlier step whose output it takes ("" for none), its options."""

    name: str
    stage: Stage
    input: str
    options: Options


def _generate(step: Step, context: Context, folder: Path) -> Path:
    from inpars.generate import generate

    return generate(context.corpus, folder / "queries.jsonl", **_options(step))


def _filter(step: Step, context: Context, folder: Path) -> Path:
    from inpars.filter import filter

    return filter(context.outputs[step.input], folder / "queries.jsonl", **_options(step))


def _negatives(step: Step, context: Context, folder: Path) -> Path:
    from inpars.negatives import mine_negatives

    return mine_negatives(context.outputs[step.input], context.corpus, folder / "triples.jsonl", **_options(step))


def _train(step: Step, context: Context, folder: Path) -> Path:
    from inpars.train import train

    return train(context.outputs[step.input], context.corpus, folder / "model", **_options(step))


def _rerank(step: Step, context: Context, folder: Path) -> Path:
    """Runs of the first stage, the base model and the tuned one, each model's also fused.

    Without a test set the held-out synthetic queries stand in for one.
    """
    from inpars.rerank import rerank, search
    from inpars.rerank.config import RerankConfig

    assert isinstance(step.options, RerankConfig)
    model = context.outputs[step.input]
    trained = context.steps[step.input].options.model_dump()
    held_out = model / "held_out"
    options, searching = _options(step), step.options.searching()
    first_stage = folder / f"{searching.first_stage}.trec"
    if context.test_set is not None:
        corpus, queries = context.corpus, context.test_set.queries
        search(corpus, queries, first_stage, **searching.model_dump())
    else:
        development = HeldOut.load(held_out)
        corpus = MemoryCorpus([Document(i, text) for i, text in development.documents.items()], SYNTHETIC)
        queries = development.queries
        if searching.first_stage == "dense":
            # Not in the index of the whole corpus: these documents have words cut out.
            search(corpus, queries, first_stage, **searching.model_dump() | {"index": None})
        elif not first_stage.exists() or fingerprint_of(first_stage) != fingerprint_of(held_out / "first_stage.trec"):
            folder.mkdir(parents=True, exist_ok=True)
            # The sidecar of a search, where there was one, no longer describes the file.
            sidecar(first_stage).unlink(missing_ok=True)
            shutil.copyfile(held_out / "first_stage.trec", first_stage)
    # The base is asked as it was when it was trained; the tuned model knows by itself.
    asked = {name: options[name] or trained[name] for name in ("scheme", "instruction")}
    for name, path in (("base", trained["base_model"]), ("tuned", model)):
        given = options | asked if name == "base" else options
        rerank(corpus, queries, folder / f"{name}.trec", model=path, run=first_stage, held_out=held_out, **given)
    return folder


def _evaluate(step: Step, context: Context, folder: Path) -> Path:
    from inpars.evaluate import evaluate
    from inpars.evaluate.exclusion import fewshot_queries, told

    runs = context.outputs[step.input]
    first_stage = str(context.steps[step.input].options.model_dump()["first_stage"])
    names = (first_stage, "base", "base_fused", "tuned", "tuned_fused")
    found = {name: runs / f"{name}.trec" for name in names if (runs / f"{name}.trec").exists()}
    if context.test_set is not None:
        qrels = context.test_set.qrels
        exclude = sorted(fewshot_queries(found.values()) & qrels.keys())
    else:
        # Synthetic queries are nobody's examples.
        qrels, exclude = HeldOut.load(_model_of(step, context) / "held_out").qrels, []
    inputs = {name: fingerprint_of(path) for name, path in found.items()}
    inputs |= {"qrels": hash_of(qrels), "excluded": hash_of(exclude)}
    artifact = Artifact(folder / "metrics.json", "evaluate", step.options, inputs)
    if artifact.is_current():
        return artifact.output
    artifact.begin()
    named = [tuple(first_stage if name == "bm25" else name for name in pair) for pair in PAIRS]
    pairs = [(system, baseline) for system, baseline in named if {system, baseline} <= found.keys()]
    evaluation = evaluate(found, qrels, pairs=pairs, exclude=exclude, **_options(step))
    evaluation.save(artifact.output)
    if evaluation.excluded:
        say(f"evaluate: {told(len(evaluation.excluded))}")
    artifact.finish(queries=len(evaluation.queries), excluded=len(evaluation.excluded), systems=len(found))
    return artifact.output


def _model_of(step: Step, context: Context) -> Path:
    """The model behind the runs that an evaluate step measures."""
    return context.outputs[context.steps[step.input].input]


def hash_of(qrels: Any) -> str:
    """A hash of judgments, whatever file they came from."""
    import hashlib

    import orjson

    return hashlib.sha256(orjson.dumps(qrels)).hexdigest()


def _options(step: Step) -> dict[str, Any]:
    return step.options.model_dump()


_ALL = (
    Stage("generate", "", "queries", "inpars.generate.config:GenerateConfig", _generate),
    Stage("filter", "queries", "queries", "inpars.filter.config:FilterConfig", _filter),
    Stage("negatives", "queries", "triples", "inpars.negatives.config:NegativesConfig", _negatives),
    Stage("train", "triples", "a model", "inpars.train.config:TrainConfig", _train),
    Stage("rerank", "a model", "runs", "inpars.rerank.config:RerankConfig", _rerank),
    Stage("evaluate", "runs", "metrics", "inpars.evaluate.config:EvaluateConfig", _evaluate),
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

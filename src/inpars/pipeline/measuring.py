"""How a run measures its models: reranking or searching for the test queries, and the figures."""

from __future__ import annotations

import shutil
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpars.data.artifacts import Artifact, fingerprint_of, sidecar
from inpars.data.corpora import Corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.hashes import hash_of
from inpars.data.held_out import HeldOut
from inpars.data.records import Document, Query
from inpars.data.runs import read_run_lines, top_k, write_run
from inpars.errors import InparsError
from inpars.options import Options
from inpars.pipeline.indexes import index_of
from inpars.pipeline.steps import Context, Step
from inpars.progress import say

if TYPE_CHECKING:
    from inpars.rerank.config import SearchConfig

SYNTHETIC = "held-out synthetic queries"
HELD_OUT = "held_out"
"""Where they lie in a trained model's folder."""

PAIRS = (
    ("base", "bm25"),
    ("base_fused", "bm25"),
    ("tuned", "bm25"),
    ("tuned_fused", "bm25"),
    ("tuned", "base"),
    ("tuned_fused", "base_fused"),
)
"""The comparisons every run makes: each system with the first stage, each tuned one with its base."""


def run_rerank(step: Step, context: Context, folder: Path) -> Path:
    """Runs of the first stage, the base model and the tuned one, each model's also fused.

    Without a test set the held-out synthetic queries stand in for one. A base that is no ranking
    model by itself, such as an encoder without a head, has no run.
    """
    from inpars.rerank import fused_path, rerank
    from inpars.rerank.config import RerankConfig

    assert isinstance(step.options, RerankConfig)
    corpus, queries, first_stage = _first_stage(step.options.searching(), step, context, folder)
    model = context.outputs[step.input]
    trained = context.steps[step.input].options.model_dump()
    options = step.given()
    # The base is asked as it was when it was trained; the tuned model knows by itself.
    asked = {name: options[name] or trained[name] for name in ("scheme", "instruction")}
    for name, path in (("base", trained["base_model"]), ("tuned", model)):
        given, output = options | asked if name == "base" else options, folder / f"{name}.trec"
        if name == "base" and not _ranks(path):
            for stale in (output, fused_path(output)):
                stale.unlink(missing_ok=True)
                sidecar(stale).unlink(missing_ok=True)
            say(f"rerank: {path} is no ranking model before it is trained, so there is no base to compare with")
            continue
        rerank(corpus, queries, output, model=path, run=first_stage, held_out=model / HELD_OUT, **given)
    return folder


def run_search(step: Step, context: Context, folder: Path) -> Path:
    """Runs over the whole corpus: of the first stage, and of the base model and the tuned one as retrievers."""
    from inpars.rerank.config import SearchConfig

    assert isinstance(step.options, SearchConfig)
    corpus, queries, _ = _first_stage(step.options, step, context, folder)
    base = context.steps[step.input].options.model_dump()["base_model"]
    model = context.outputs[step.input]
    index = index_of(model) if context.test_set is not None else None
    for name, path, kept_in in (("base", base, None), ("tuned", model, index)):
        given = step.given() | {"first_stage": "dense", "retriever": str(path), "index": kept_in}
        _search(corpus, queries, folder / f"{name}.trec", context, given)
    return folder


def _first_stage(
    searching: SearchConfig, step: Step, context: Context, folder: Path
) -> tuple[Corpus, list[Query], Path]:
    """What is searched, the queries, and the first stage's run: the test set, else the held-out queries."""
    from inpars.rerank import search

    first_stage = folder / f"{searching.first_stage}.trec"
    if context.test_set is not None:
        _search(context.corpus, context.test_set.queries, first_stage, context, searching.model_dump())
        return context.corpus, context.test_set.queries, first_stage
    held_out = context.outputs[step.input] / HELD_OUT
    development = HeldOut.load(held_out)
    corpus = MemoryCorpus([Document(i, text) for i, text in development.documents.items()], SYNTHETIC)
    if searching.first_stage == "dense":
        # Not in the index of the whole corpus: these documents have words cut out.
        search(corpus, development.queries, first_stage, **searching.model_dump() | {"index": None})
    elif not first_stage.exists() or fingerprint_of(first_stage) != fingerprint_of(held_out / "first_stage.trec"):
        folder.mkdir(parents=True, exist_ok=True)
        # The sidecar of a search, where there was one, no longer describes the file.
        sidecar(first_stage).unlink(missing_ok=True)
        shutil.copyfile(held_out / "first_stage.trec", first_stage)
    return corpus, development.queries, first_stage


def _search(corpus: Corpus, queries: list[Query], output: Path, context: Context, options: dict[str, Any]) -> Path:
    """The run of a search, in which no query finds itself where the test queries are documents too."""
    from inpars.rerank import search

    if not context.finds_itself or context.test_set is None:
        return search(corpus, queries, output, **options)
    wanted = options["top_k"]
    # One more than is wanted, so that as many are left without the query itself.
    whole = search(corpus, queries, output.with_name(f"{output.stem}.whole.trec"), **options | {"top_k": wanted + 1})
    artifact = Artifact(output, "without_self_hits", Options(), {"run": fingerprint_of(whole), "top_k": str(wanted)})
    if not artifact.is_current():
        artifact.begin()
        found = groupby(read_run_lines(whole), key=lambda line: line[1])
        others = ((q, {doc_id: score for *_, doc_id, score in lines if doc_id != q}) for q, lines in found)
        write_run(output, ((q, top_k(scores, wanted)) for q, scores in others), output.stem)
        artifact.finish()
    return output


def _ranks(model: str | Path) -> bool:
    from inpars.models.locate import locate
    from inpars.models.scorers import family_of

    try:
        family_of(locate(model))
    except InparsError:
        return False
    return True


def run_evaluate(step: Step, context: Context, folder: Path) -> Path:
    """Figures and comparisons of the systems that there are runs of."""
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
        qrels, exclude = HeldOut.load(model_behind(step, context) / HELD_OUT).qrels, []
    inputs = {name: fingerprint_of(path) for name, path in found.items()}
    inputs |= {"qrels": hash_of(qrels), "excluded": hash_of(exclude)}
    artifact = Artifact(folder / "metrics.json", "evaluate", step.options, inputs)
    if artifact.is_current():
        return artifact.output
    artifact.begin()
    named = [tuple(first_stage if name == "bm25" else name for name in pair) for pair in PAIRS]
    pairs = [(system, baseline) for system, baseline in named if {system, baseline} <= found.keys()]
    evaluation = evaluate(found, qrels, pairs=pairs, exclude=exclude, **step.given())
    evaluation.save(artifact.output)
    if evaluation.excluded:
        say(f"evaluate: {told(len(evaluation.excluded))}")
    artifact.finish(queries=len(evaluation.queries), excluded=len(evaluation.excluded), systems=len(found))
    return artifact.output


def model_behind(step: Step, context: Context) -> Path:
    """The model whose runs an evaluate step measures."""
    return context.outputs[context.steps[step.input].input]

"""A recipe carried out in a run directory: planned, resumed, recorded, summed up."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from inpars.data.artifacts import sidecar
from inpars.data.beir import finds_itself
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import atomic_write, read_json, write_json
from inpars.data.hashes import hash_of
from inpars.data.lock import is_lock, locks_released, take_lock
from inpars.data.paths import require_place
from inpars.data.test_sets import TestSet, open_test_set
from inpars.errors import InparsError
from inpars.pipeline.checks import check_models
from inpars.pipeline.manifest import Manifest
from inpars.pipeline.measuring import SYNTHETIC, model_behind
from inpars.pipeline.recipe import Recipe, load_recipe
from inpars.pipeline.steps import Context, Step
from inpars.pipeline.summary import summary
from inpars.pipeline.verdict import verdict
from inpars.progress import say


def run(
    recipe: str | Path = "quickstart",
    *,
    corpus: str | Path | Corpus,
    output: str | Path,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    set: Sequence[str] = (),
) -> dict[str, Any]:
    """Carry out `recipe` for `corpus` in the run directory `output`; returns what `metrics.json` holds.

    `recipe` is a name or a YAML file, `set` lists `step.option=value` overrides. `queries` and
    `qrels` are the test set; without them the corpus's own is taken where it has one, and otherwise
    the held-out synthetic queries are scored, named as such. Steps that are there already, made
    with the same options from the same inputs, are left as they are.
    """
    chosen = load_recipe(recipe, list(set))
    name = corpus if isinstance(corpus, str) else os.fspath(corpus) if isinstance(corpus, Path) else corpus.name
    opened = open_corpus(corpus)
    return run_recipe(chosen, name, opened, open_test_set(name, queries, qrels), Path(output), finds_itself(name))


@locks_released()
def run_recipe(
    chosen: Recipe, name: str, opened: Corpus, test_set: TestSet | None, output: Path, finds_itself: bool
) -> dict[str, Any]:
    """Carry out a recipe for what is open already; `name` is what the corpus is called, the rest as for `run`.

    With `finds_itself` the test queries are documents too, and are left out of what they find.
    """
    check_models(chosen.steps, output)
    folder = _run_directory(output)
    take_lock(folder / ".run.lock", folder)
    with atomic_write(folder / "recipe.yaml") as stream:
        stream.write(chosen.to_yaml().encode())
    started = time.perf_counter()
    manifest = Manifest(folder / "manifest.json", _inputs(name, opened, test_set, chosen))
    context = Context(folder, opened, test_set, finds_itself)
    worked = _carry_out(chosen, context, manifest)
    metrics = _metrics(chosen, context, name)
    # Also where a kill came between the last step and this file.
    worked = worked or not (folder / "metrics.json").is_file() or read_json(folder / "metrics.json") != metrics
    manifest.finish(worked)
    if worked:
        write_json(folder / "metrics.json", metrics)
        say(f"run: done in {time.perf_counter() - started:.0f} s -> {folder}")
    else:
        say(f"run: nothing to do, every step of {folder} is up to date")
    for step, measured in metrics.get("earlier", {}).items():
        _show(measured, f"{name}, {step}")
    if metrics.get("systems"):
        _show(metrics, name)
    return metrics


def _show(measured: dict[str, Any], title: str) -> None:
    test_set = measured["test_set"]
    on = f"{test_set['queries']} {test_set['kind']}"
    if left_out := test_set.get("few_shot_examples"):
        on += f" ({left_out} few-shot examples left out)"
    console = Console(highlight=False)
    console.print(summary(measured, f"{title}: {on}"))
    for sentence in measured["verdict"]:
        console.print(sentence, soft_wrap=True)


def _carry_out(recipe: Recipe, context: Context, manifest: Manifest) -> bool:
    """Every step in order; whether any of them had work to do."""
    worked = False
    for written in recipe.steps:
        context.steps[written.name] = step = written.resolved(context)
        before = _state(context.folder / step.name)
        context.outputs[step.name] = step.stage.run(step, context, context.folder / step.name)
        reused = before == _state(context.folder / step.name)
        worked = worked or not reused
        manifest.record(step.name, step.stage.name, context.outputs[step.name], reused)
    return worked


def _state(folder: Path) -> dict[str, Any]:
    """The sidecars of a step's folder: the same before and after a step that had nothing to do."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.glob("*.meta.json"))}


def _metrics(recipe: Recipe, context: Context, corpus: str) -> dict[str, Any]:
    """What the last evaluate step measured, and under `earlier` the others by name."""
    value: dict[str, Any] = {"recipe": recipe.name, "corpus": corpus}
    evaluated = [step for step in recipe.steps if step.stage.name == "evaluate"]
    if evaluated:
        value |= _measured(evaluated[-1], context)
    if earlier := {step.name: _measured(step, context) for step in evaluated[:-1]}:
        value["earlier"] = earlier
    return value


def _measured(step: Step, context: Context) -> dict[str, Any]:
    measured = read_json(context.outputs[step.name])
    synthetic = context.test_set is None
    test_set = {"kind": SYNTHETIC if synthetic else "test queries", "queries": measured["queries"]}
    if measured.get("excluded_queries"):
        test_set["few_shot_examples"] = len(measured["excluded_queries"])
    retriever = context.steps[step.input].options.model_dump().get("retriever")
    sentences = verdict(
        measured,
        next(iter(next(iter(measured["systems"].values())))),
        best_step=read_json(sidecar(model_behind(step, context)))["best_step"],
        synthetic=synthetic,
        trained_first_stage=retriever in [str(output) for output in context.outputs.values()],
    )
    return {
        "test_set": test_set,
        "systems": measured["systems"],
        "comparisons": measured["comparisons"],
        "verdict": sentences,
    }


def _inputs(name: str, corpus: Corpus, test_set: TestSet | None, recipe: Recipe) -> dict[str, Any]:
    described: dict[str, Any] = {
        "recipe": recipe.name,
        "corpus": {"spec": name, "documents": len(corpus), "fingerprint": corpus.fingerprint()},
        "test_set": None,
    }
    if test_set is not None:
        described["test_set"] = {
            "source": test_set.source,
            "queries": len(test_set.queries),
            "fingerprint": hash_of([[asdict(query) for query in test_set.queries], test_set.qrels]),
        }
    return described


def _run_directory(folder: Path) -> Path:
    require_place(folder, folder=True)
    # What was killed at once has left a lock and nothing else.
    others = folder.is_dir() and not all(map(is_lock, folder.iterdir()))
    if others and not (folder / "recipe.yaml").is_file():
        raise InparsError(
            f"{folder} holds other files and is no run directory", hint="give --output a new folder, or that of a run"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder

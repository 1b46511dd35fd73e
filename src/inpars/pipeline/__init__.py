"""A recipe carried out in a run directory: planned, resumed, recorded, summed up."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from inpars.data.artifacts import facts_of, sidecar
from inpars.data.beir import finds_itself
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import atomic_write, read_json, write_json
from inpars.data.hashes import hash_of
from inpars.data.languages import AUTO
from inpars.data.lock import is_lock, locks_released, take_lock
from inpars.data.paths import require_place
from inpars.data.test_sets import TestSet, open_test_set
from inpars.errors import InparsError, OptionError, faults_of, raise_faults, some
from inpars.models.languages import say_unspoken
from inpars.pipeline.checks import check_run, unfinished
from inpars.pipeline.manifest import Manifest
from inpars.pipeline.measuring import AGREEMENT, FIRST_STAGE, METRICS, first_stage_of, measured_in, model_behind
from inpars.pipeline.models import named_models
from inpars.pipeline.otherwise import for_corpus
from inpars.pipeline.recipe import Recipe, load_recipe
from inpars.pipeline.replacing import check_replaced
from inpars.pipeline.steps import Context, Step
from inpars.pipeline.summary import summary
from inpars.pipeline.verdict import agreement, verdict
from inpars.progress import say


def run(
    recipe: str | Path = "quickstart",
    *,
    corpus: str | Path | Corpus,
    output: str | Path,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    language: str | None = None,
    set: Sequence[str] = (),
    replace: bool = False,
) -> dict[str, Any]:
    """Carry out `recipe` for `corpus` in the run directory `output`; returns what was measured.

    `recipe` is a name or a YAML file; where the language model that it names is not installed or does not speak the
    documents' language, the recipe that it names under `otherwise` takes its place. `set` lists
    `step.option=value` overrides. `language` is that of the documents, for every step (ISO 639-1); by default the
    recipe's, or what the text is recognised to be in. `queries` and `qrels` are the test set, `qrels` alone where they
    hold the texts of their queries too or are of the corpus's own queries; without them the corpus's own is taken
    where it has one. What is measured on it lies in
    `metrics.json`. How far the systems agree with the generator on the held-out synthetic queries lies in
    `agreement.json`, and is returned where there is no test set: it is no measure of how well people are served.
    Steps that are there already, made with the same options from the same inputs, are left as they are.

    What would only fail in the middle is found before the first step (`InparsError`, all faults at once). So is a
    recipe that would write other queries in the place of a language model's; with `replace` it may.
    """
    name = corpus if isinstance(corpus, str) else os.fspath(corpus) if isinstance(corpus, Path) else corpus.name
    loaded = load_recipe(recipe, list(set), language)
    opened = open_corpus(corpus)
    chosen = for_corpus(loaded, recipe, list(set), language, opened)
    test_set, itself = open_test_set(name, queries, qrels), finds_itself(name)
    return run_recipe(chosen, name, opened, test_set, Path(output), itself, replace=replace)


@locks_released()
def run_recipe(
    chosen: Recipe,
    name: str,
    opened: Corpus,
    test_set: TestSet | None,
    output: Path,
    finds_itself: bool,
    *,
    replace: bool = False,
) -> dict[str, Any]:
    """Carry out a recipe for what is open already; `name` is what the corpus is called, the rest as for `run`.

    With `finds_itself` the test queries are documents too, and are left out of what they find.
    """
    replaced = [] if replace else faults_of(lambda: check_replaced(chosen.steps, output))
    faults = faults_of(
        lambda: _check_measuring(chosen, test_set), lambda: check_run(chosen.steps, opened, test_set, output)
    )
    raise_faults([*replaced, *faults])
    if test_set is not None and test_set.without_text:
        _tell_without_text(test_set)
    _say_unspoken(chosen, opened, output)
    folder = _run_directory(output)
    take_lock(folder / ".run.lock", folder)
    with atomic_write(folder / "recipe.yaml") as stream:
        stream.write(chosen.to_yaml().encode())
    started = time.perf_counter()
    manifest = Manifest(folder / "manifest.json", _inputs(name, opened, test_set, chosen))
    context = Context(folder, opened, test_set, finds_itself)
    worked = _carry_out(chosen, context, manifest)
    found = {file: _metrics(chosen, context, name, file) for file in (METRICS, AGREEMENT)}
    for file, metrics in found.items():
        # Also where a kill came between the last step and this file.
        if metrics.keys() & {"systems", "earlier"} and not _holds(folder / file, metrics):
            write_json(folder / file, metrics)
            worked = True
    manifest.finish(worked)
    if worked:
        say(f"run: done in {time.perf_counter() - started:.0f} s -> {folder}")
    else:
        say(f"run: nothing to do, every step of {folder} is up to date")
    for file, metrics in found.items():
        if "systems" not in metrics and (folder / file).is_file():
            judged = "with" if file == METRICS else "without"
            say(f"run: {folder / file} is of an earlier call, {judged} judgments, and not of this one")
    metrics = found[AGREEMENT if test_set is None else METRICS]
    for step, measured in metrics.get("earlier", {}).items():
        _show(measured, f"{name}, {step}")
    if metrics.get("systems"):
        _show(metrics, name)
    return metrics


def _check_measuring(recipe: Recipe, test_set: TestSet | None) -> None:
    """`OptionError` where there is nothing to measure on at all."""
    steps = {step.name: step for step in recipe.steps}
    measured = [steps[steps[step.input].input] for step in recipe.steps if step.stage.name == "evaluate"]
    for train in measured if test_set is None else ():
        if not train.options.model_dump()["held_out_queries"]:
            raise OptionError(
                f"there are no judged queries, and {train.name}.held_out_queries is 0: nothing to measure on",
                hint=f"give --queries and --qrels, or hold out some: --set {train.name}.held_out_queries=120",
            )


def _say_unspoken(recipe: Recipe, corpus: Corpus, folder: Path) -> None:
    """Before anything is spent: hints at models that do not speak the documents' language."""
    languages = [getattr(step.options, "language", AUTO) for step in recipe.steps]
    spoken = next((language for language in languages if isinstance(language, str) and language != AUTO), AUTO)
    todo = unfinished(recipe.steps, folder, corpus)
    say_unspoken([named.model for step in todo for named in named_models(step) if named.here], corpus, spoken)


def _tell_without_text(test_set: TestSet) -> None:
    lacking = test_set.without_text
    counted = f"{len(lacking):,} of {len(test_set.qrels):,} judged queries have no text and count 0"
    say(f"run: {test_set.source}: {counted}: {some(lacking)}; judgments without them leave them out")


def _holds(file: Path, value: dict[str, Any]) -> bool:
    return file.is_file() and read_json(file) == value


def _show(measured: dict[str, Any], title: str) -> None:
    test_set = measured["test_set"]
    on = f"{test_set['queries']:,} {test_set['kind']}"
    if left_out := test_set.get("few_shot_examples"):
        on += f" ({left_out} few-shot examples left out)"
    if without_text := test_set.get("without_text"):
        on += f" ({without_text:,} without text count 0)"
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
    """The sidecars in a step's folder: the same before and after a step that had nothing to do."""
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.rglob("*.meta.json"))}


def _metrics(recipe: Recipe, context: Context, corpus: str, file: str) -> dict[str, Any]:
    """What the last evaluate step measured in `file`, and under `earlier` the others by name."""
    value: dict[str, Any] = {"recipe": recipe.name, "corpus": corpus}
    evaluated = [step for step in recipe.steps if step.stage.name == "evaluate"]
    found = {step.name: _measured(step, context, file) for step in evaluated if file in measured_in(step, context)}
    if evaluated:
        value |= found.pop(evaluated[-1].name, {})
    return value | ({"earlier": found} if found else {})


def _measured(step: Step, context: Context, file: str) -> dict[str, Any]:
    measured = read_json(context.outputs[step.name] / file)
    options = context.steps[step.input].options.model_dump()
    if file == AGREEMENT:
        from inpars.rerank.held_out import Found

        facts = facts_of(context.outputs[step.input] / FIRST_STAGE)
        found = Found(facts["queries"], facts["found"], facts["depth"])
        return {
            "test_set": {"kind": "held-out synthetic queries", **found._asdict()},
            "systems": measured["systems"],
            "comparisons": [],
            "verdict": agreement(
                found,
                first_stage_of(context.steps[step.input]),
                trained_first_stage=options["retriever"] in [str(output) for output in context.outputs.values()],
            ),
        }
    assert context.test_set is not None
    test_set = {"kind": "test queries", "queries": measured["queries"]}
    if measured.get("excluded_queries"):
        test_set["few_shot_examples"] = len(measured["excluded_queries"])
    if context.test_set.without_text:
        test_set["without_text"] = len(context.test_set.without_text)
    sentences = verdict(
        measured,
        next(iter(next(iter(measured["systems"].values())))),
        best_step=read_json(sidecar(model_behind(step, context)))["best_step"],
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

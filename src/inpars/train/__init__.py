"""Stage `train`: fine-tune a reranker or retriever on triples."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, fingerprint_of, sidecar
from inpars.data.columns import split_columns
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import first_line, write_json
from inpars.data.held_out import HeldOut
from inpars.data.lock import check_locks, locks_released
from inpars.data.paths import require_place
from inpars.data.records import Triple
from inpars.errors import MissingDependency, OptionError, faults_of, raise_faults
from inpars.models.checks import check_model
from inpars.models.languages import say_unspoken
from inpars.models.locate import locate, model_fingerprint
from inpars.models.scorers.kinds import require_base
from inpars.options import parse_options
from inpars.progress import progress_bar, say
from inpars.train.checks import check_examples, checks, open_monitor
from inpars.train.config import TrainConfig
from inpars.train.facts import about
from inpars.train.reading import check_loss, kind_of, read_examples, texts_of
from inpars.train.saving import saved_in

if TYPE_CHECKING:
    from inpars.train.processes import Processes

HELD_OUT = "held_out"


@locks_released()
def train(
    triples: str | Path,
    corpus: str | Path | Corpus,
    output: str | Path,
    *,
    queries: str | Path | None = None,
    index: Path | None = None,
    **options: Any,
) -> Path:
    """Fine-tune `base_model` on a file of triples; returns the folder `output`, a model to load.

    `triples` may also be a file of synthetic queries: they have no negatives but each other's
    documents, which only the loss in-batch can learn from (`OptionError` for any other). `queries` is a file with
    the texts of queries that triples name by id alone, as MS MARCO's do. `index` is a folder that keeps BM25's index of
    the corpus, for whoever else searches it.

    A part of the queries is held out, with their documents. The weights that rank these best are
    kept, those of the untouched base among them; with `keep` "last" those of the last step, and then
    `held_out_queries` may be 0. Beside them lie `inpars.json` (what the model is, whether it is tuned
    at all, the scores it was chosen by), `README.md` (the same for people), `learning_curve.csv` and
    `.json`, and `held_out/` (what it was chosen on). `options` are the fields of `TrainConfig`. A
    training that was killed goes on from its last evaluation. An `output` that is there already and
    holds anything but a model of ours is refused (`OptionError`).

    Under `accelerate launch` or `torchrun` every process calls this alike; the main one writes.
    """
    config = parse_options(TrainConfig, "train", options)
    check_output(output)
    corpus, triples = open_corpus(corpus), Path(triples)
    config = config.for_corpus(corpus)
    kind = kind_of(triples)
    check_loss(triples, kind, config)
    watched = (config.monitor_queries, config.monitor_qrels, config.monitor_run)
    inputs = {
        kind: fingerprint_of(triples),
        "corpus": corpus.fingerprint(),
        "base_model": model_fingerprint(config.base_model),
        **({} if queries is None else {"query_texts": fingerprint_of(Path(split_columns(str(queries))[0]))}),
    } | {
        # A missing one is reported below, with all else that is wrong.
        f"monitor_{number}": fingerprint_of(path)
        for number, path in enumerate(watched)
        if path and path.exists()
    }
    try:
        import sentence_transformers  # noqa: F401 - fails here, with a hint, rather than in the middle
    except ImportError:
        raise MissingDependency("sentence-transformers", "train", "training") from None
    from inpars.train.processes import Processes
    from inpars.train.split import split

    processes = Processes(config.device)
    artifact = Artifact(output, "train", config, inputs)
    if processes.share(processes.main and artifact.is_current()):
        return artifact.output
    base_model = locate(config.base_model)
    texts = texts_of(queries)
    raise_faults(
        faults_of(
            lambda: check_model(config.base_model),
            *checks(config, corpus),
            lambda: check_examples(triples, corpus, texts),
        )
    )
    if processes.main:
        say_unspoken([config.base_model], corpus, config.language)
    training, kept_out = split(read_examples(triples, corpus, texts), config.held_out_queries, config.seed)
    if processes.main:
        artifact.begin()
        if kept_out and not (artifact.folder / HELD_OUT / "first_stage.trec").exists():
            _hold_out(kept_out, corpus, config, artifact.folder / HELD_OUT, index)
    processes.wait()
    with _deterministic(), saved_in(artifact.folder):
        facts = _train(training, corpus, config, base_model, artifact.folder, processes)
    if processes.main:
        facts["training_data"] = {name: inputs[name] for name in (kind, "corpus")}
        check_locks()
        with saved_in(artifact.folder):
            _put_in_place(artifact.folder, artifact.output, facts)
        artifact.finish(**facts)
        say(f"train: kept {_told(facts, config)} -> {artifact.output}")
    processes.wait()
    return artifact.output


def check_output(output: str | Path) -> None:
    """`OptionError` where a model would take the place of something else than an empty folder, or there can be none."""
    output = Path(output)
    if output.resolve() == Path.cwd():
        raise OptionError("the output is the current folder", hint="give the model a folder of its own")
    ours = (output / "inpars.json").is_file() or sidecar(output).is_file()
    if os.path.lexists(output) and not (output.is_dir() and (ours or not any(output.iterdir()))):
        raise OptionError(
            f"{output} is there already, and no model that was trained here",
            hint="the finished model takes its place: give another output, or move this one away",
        )
    require_place(output, folder=True)


def _hold_out(triples: list[Triple], corpus: Corpus, config: TrainConfig, folder: Path, index: Path | None) -> None:
    from inpars.train.split import held_out_set

    held_out_set(triples, corpus, config.held_out_depth, config.language, index).save(folder)


def _train(
    triples: list[Triple], corpus: Corpus, config: TrainConfig, base_model: str, folder: Path, processes: Processes
) -> dict[str, Any]:
    """Train in `folder`, leave the chosen weights in `folder/best`, and return the facts (in the main process)."""
    from transformers import set_seed
    from transformers.utils import logging as transformers_logging

    from inpars.models.quiet import quiet_loading
    from inpars.train.examples import Examples, total_steps
    from inpars.train.families import FAMILIES
    from inpars.train.selection import Bar, Selection

    transformers_logging.disable_progress_bar()
    set_seed(config.seed)
    held_out = HeldOut.load(folder / HELD_OUT) if config.held_out_queries else None
    examples = Examples(triples, corpus, config)
    steps = total_steps(len(examples), config)
    monitor = open_monitor(config, corpus) if processes.main else None
    # Of a model on the Hub nothing is known before.
    require_base(base_model, config.family)
    with quiet_loading():
        trainee = FAMILIES[config.family](base_model, config)
    try:
        trainer = trainee.trainer(examples, folder / "checkpoints", steps)
    except (RuntimeError, ValueError, ImportError) as error:
        # An argument may need a library that is not there, or several processes.
        if not config.arguments:
            raise
        raise OptionError(f"training arguments: {first_line(error)}") from error
    selection = Selection(trainee, held_out, folder, config, steps, processes, monitor)
    checkpoint = processes.share(_last_checkpoint(folder / "checkpoints") if processes.main else None)
    with progress_bar() if processes.main else contextlib.nullcontext() as bar:
        trainer.add_callback(selection)
        if bar is not None:
            trainer.add_callback(Bar(bar, steps))
        _drop_console_callbacks(trainer)
        trainer.train(resume_from_checkpoint=checkpoint)
    if not processes.main:
        return {}
    return {**about(trainee, config), "triples": len(triples), "examples": len(examples), **selection.facts()}


def _put_in_place(folder: Path, output: Path, facts: dict[str, Any]) -> None:
    """Copy the chosen model, with all that goes beside it, to `output`; `folder` keeps all for a rerun."""
    from inpars.train.card import model_card

    complete = folder / "complete"
    shutil.rmtree(complete, ignore_errors=True)
    shutil.copytree(folder / "best", complete, ignore=shutil.ignore_patterns("candidate.json"))
    if (folder / HELD_OUT).is_dir():
        shutil.copytree(folder / HELD_OUT, complete / HELD_OUT)
    for curve in folder.glob("learning_curve.*"):
        shutil.copyfile(curve, complete / curve.name)
    for kept in folder.glob("checkpoint-*"):
        shutil.copytree(kept, complete / kept.name)
    write_json(complete / "inpars.json", facts)
    model_card(complete, facts)
    # An older model goes as a whole: half of one would be taken for something that is not ours.
    older = folder / "older"
    shutil.rmtree(older, ignore_errors=True)
    if output.exists():
        os.replace(output, older)
    os.replace(complete, output)


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    """torch's deterministic algorithms where it has them, for as long as the training lasts."""
    import torch

    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _told(facts: dict[str, Any], config: TrainConfig) -> str:
    if not facts["held_out_queries"]:
        return f"step {facts['best_step']}, the last (no query was held out to compare it by)"
    base = facts["candidates"][0]["selection_score"]
    kept = facts["best_step"], facts["best_base_share"]
    # The weights that were kept, or all that were turned down for the base.
    trained = [c for c in facts["candidates"] if ((c["step"], c["base_share"]) == kept) == facts["tuned"]]
    best = max(trained, key=lambda candidate: candidate["selection_score"])
    tried = f"selection score {best['selection_score']:.4f}, the base's {base:.4f}"
    gain = f"{best['gain_in_standard_errors']:+.1f} standard errors"
    if not facts["tuned"]:
        return (
            "the base model: no checkpoint was clearly better on the held-out queries "
            f"({tried}: {gain}, {config.min_gain:.1f} required)"
        )
    return f"step {facts['best_step']} with {facts['best_base_share']:.0%} of the base ({tried}: {gain})"


def _drop_console_callbacks(trainer: Any) -> None:
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)


def _last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that is whole; what a kill left half written is cleared away."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    while found:
        try:
            # The trainer writes this file last.
            json.loads((found[-1] / "trainer_state.json").read_text(encoding="utf-8"))
            return str(found[-1])
        except (OSError, ValueError):
            shutil.rmtree(found.pop())
    return None


make_callable(__name__)

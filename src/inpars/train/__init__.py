"""Stage `train`: fine-tune a reranker or retriever on triples."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import write_json
from inpars.data.held_out import HeldOut
from inpars.data.records import Triple
from inpars.data.triples import read_triples
from inpars.errors import InparsError, MissingDependency
from inpars.models.locate import locate, model_fingerprint
from inpars.options import parse_options
from inpars.progress import progress_bar, say
from inpars.train.config import TrainConfig

HELD_OUT = "held_out"


def train(triples: str | Path, corpus: str | Path | Corpus, output: str | Path, **options: Any) -> Path:
    """Fine-tune `base_model` on a file of triples; returns the folder `output`, a model to load.

    A part of the queries is held out, with their documents. The weights that rank these best are
    kept, those of the untouched base among them. Beside the weights lie `inpars.json` (what the
    model is, the scores it was chosen by) and `held_out/` (what it was chosen on). `options` are
    the fields of `TrainConfig`. A training that was killed goes on from its last evaluation.
    """
    config = parse_options(TrainConfig, "train", options)
    corpus, triples = open_corpus(corpus), Path(triples)
    inputs = {
        "triples": fingerprint_of(triples),
        "corpus": corpus.fingerprint(),
        "base_model": model_fingerprint(config.base_model),
    }
    artifact = Artifact(output, "train", config, inputs)
    if artifact.is_current():
        return artifact.output
    try:
        import sentence_transformers  # noqa: F401 - fails here, with a hint, rather than in the middle
    except ImportError:
        raise MissingDependency("sentence-transformers", "train", "training") from None
    from inpars.train.split import split

    base_model = _load_path(config.base_model)
    training, kept_out = split(read_triples(triples), config.held_out_queries, config.seed)
    artifact.begin()
    if not (artifact.folder / HELD_OUT / "first_stage.trec").exists():
        _hold_out(kept_out, corpus, config, artifact.folder / HELD_OUT)
    with _deterministic():
        facts = _train(training, corpus, config, base_model, artifact.folder)
    about = {**facts, "max_length": config.max_length, "training_data": inputs["triples"]}
    write_json(artifact.folder / "best" / "inpars.json", about)
    _put_in_place(artifact.folder, artifact.output)
    artifact.finish(**facts)
    say(f"train: kept {_told(facts)} -> {artifact.output}")
    return artifact.output


def _hold_out(triples: list[Triple], corpus: Corpus, config: TrainConfig, folder: Path) -> None:
    from inpars.train.split import held_out_set

    held_out_set(triples, corpus, config.held_out_depth, config.language).save(folder)


def _train(triples: list[Triple], corpus: Corpus, config: TrainConfig, base_model: str, folder: Path) -> dict[str, Any]:
    """Train in `folder`, leave the chosen weights in `folder/best`, and return the facts."""
    from transformers import set_seed
    from transformers.utils import logging as transformers_logging

    from inpars.train.examples import examples, total_steps
    from inpars.train.families import FAMILIES
    from inpars.train.selection import Bar, Selection

    transformers_logging.disable_progress_bar()
    set_seed(config.seed)
    held_out = HeldOut.load(folder / HELD_OUT)
    rows = examples(triples, corpus, config)
    steps = total_steps(len(rows), config)
    trainee = FAMILIES[config.family](base_model, config)
    trainer = trainee.trainer(rows, folder / "checkpoints", steps)
    selection = Selection(trainee, held_out, folder, config, steps)
    with progress_bar() as bar:
        trainer.add_callback(selection)
        trainer.add_callback(Bar(bar, steps))
        _drop_console_callbacks(trainer)
        trainer.train(resume_from_checkpoint=_last_checkpoint(folder / "checkpoints"))
    return {
        "family": config.family,
        "base_model": config.base_model,
        "examples": len(rows),
        "steps": steps,
        "held_out_queries": len(held_out.queries),
        "candidates": [
            {
                "step": candidate.step,
                "base_share": candidate.base_share,
                "held_out_ndcg@10": round(candidate.score, 4),
                "gain_in_standard_errors": round(selection.standard_errors(candidate), 2),
            }
            for candidate in selection.candidates
        ],
        "best_step": selection.best.step,
        "best_base_share": selection.best.base_share,
    }


def _put_in_place(folder: Path, output: Path) -> None:
    """Copy the chosen model, with what it was chosen on, to `output`; `folder` keeps all for a rerun."""
    complete = folder / "complete"
    shutil.rmtree(complete, ignore_errors=True)
    shutil.copytree(folder / "best", complete)
    shutil.copytree(folder / HELD_OUT, complete / HELD_OUT)
    if output.exists():
        shutil.rmtree(output)
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


def _told(facts: dict[str, Any]) -> str:
    base = facts["candidates"][0]["held_out_ndcg@10"]
    best = max(facts["candidates"], key=lambda candidate: candidate["held_out_ndcg@10"])
    tried = f"held-out nDCG@10 {best['held_out_ndcg@10']:.4f} against the base's {base:.4f}"
    gain = f"{best['gain_in_standard_errors']:+.1f} standard errors"
    if not facts["best_step"]:
        return f"the untouched base: training did not clearly rank the held-out queries better ({tried}, {gain})"
    return f"step {facts['best_step']} with {facts['best_base_share']:.0%} of the base ({tried}, {gain})"


def _load_path(model: str) -> str:
    where = locate(model)
    if os.sep in where and where.startswith((".", os.sep)) and not Path(where).is_dir():
        raise InparsError(
            f"no model at {where!r}", hint="give a folder with a saved model, or the name of one on the hub"
        )
    return where


def _drop_console_callbacks(trainer: Any) -> None:
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)


def _last_checkpoint(folder: Path) -> str | None:
    from transformers.trainer_utils import get_last_checkpoint

    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


make_callable(__name__)

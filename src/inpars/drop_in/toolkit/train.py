"""The toolkit's `train`: a reranker fine-tuned on texts, with transformers' training arguments."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from inpars.data.lock import lock_of, locks_released, take_lock
from inpars.data.triples import write_triples
from inpars.drop_in.toolkit.flags import DEVICE, SCHEME, Flags
from inpars.drop_in.toolkit.models import is_seq2seq, scheme_for
from inpars.drop_in.toolkit.texts import read_pairs_texts, read_triples_texts
from inpars.drop_in.toolkit.training import IDLE, check_passed_on, holds_model, in_place_of, total_steps
from inpars.errors import MissingDependency, OptionError
from inpars.models.scorers.options import SchemeName
from inpars.progress import say
from inpars.train import check_output, train
from inpars.train.processes import count, is_main

_RECIPE = {"learning_rate", "lr_scheduler_type", "per_device_train_batch_size", "gradient_accumulation_steps"}


class TrainFlags(Flags):
    """Flags of the toolkit's `train`; any other training argument of transformers is passed on."""

    idle: ClassVar[Mapping[str, str]] = IDLE
    passes_on: ClassVar[bool] = True

    output_dir: Path = Field(description="Folder for the model.")
    triples: Path | None = Field(None, description="TSV of query, positive and negative.")
    pairs: Path | None = Field(None, description="TSV of query, passage and label (1 or 0).")
    base_model: str = Field("t5-base", description="Model to start from: T5 and its kin, or an encoder such as BERT.")
    scheme: SchemeName | None = Field(None, description=SCHEME)
    max_doc_length: int = Field(300, ge=8, description="Tokens of a query with its document.")
    max_steps: int = Field(-1, description="Optimiser steps; -1 means as many as num_train_epochs take.")
    num_train_epochs: float = Field(3.0, gt=0, description="Passes over all rows.")
    learning_rate: float = Field(5e-5, ge=0, description="Peak learning rate.")
    lr_scheduler_type: str = Field("linear", description="linear, constant, cosine …")
    per_device_train_batch_size: int = Field(8, ge=1, description="Rows (a query with one passage) on each device.")
    gradient_accumulation_steps: int = Field(1, ge=1, description="Batches in one optimiser step.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay.")
    warmup_steps: float = Field(0.0, ge=0, description="Steps in which the rate rises; below 1 a share of all.")
    warmup_ratio: float = Field(0.0, ge=0, lt=1, description="The same as a share of all steps.")
    optim: str = Field("adamw_torch_fused", description="Any optimizer of transformers.")
    adafactor: bool = Field(False, description="The same as --optim adafactor.")
    keep: Literal["last", "best"] = Field(
        "last",
        description="last: the last step's weights, as the toolkit keeps them; best: those that rank held-out queries "
        "best, the untouched base's among them. Queries are held out of training for best alone.",
    )
    overwrite_output_dir: bool = Field(
        False, description="Let the finished model take the place of one in output_dir that was trained elsewhere."
    )
    seed: int = Field(42, description="Seed of the order, the negatives drawn and the weights of new layers.")
    fp16: bool = Field(False, description="Train in fp16; without it bf16 or fp32, whichever the processor is good at.")
    bf16: bool = Field(False, description="Train in bf16.")
    device: str | None = Field(None, description=DEVICE)
    use_cpu: bool = Field(False, description="The same as --device cpu.")
    no_cuda: bool = Field(False, description="The same as --device cpu.")


FLAGS = TrainFlags


@locks_released()
def run(flags: TrainFlags) -> None:
    """Read the texts, and train on them."""
    try:
        passed_on = check_passed_on(flags.more, set(TrainFlags.model_fields) - {"more"})
    except ImportError:
        raise MissingDependency("transformers", "train", "training") from None
    replaces = flags.overwrite_output_dir and _trained_elsewhere(flags.output_dir)
    if not replaces:
        check_output(flags.output_dir)
    elif Path(flags.base_model).resolve() == flags.output_dir.resolve():
        raise OptionError("the base model lies in --output_dir, which is to be overwritten", hint="give another output")
    if flags.triples is not None and flags.pairs is None:
        texts = read_triples_texts(flags.triples)
    elif flags.pairs is not None and flags.triples is None:
        texts = read_pairs_texts(flags.pairs)
    else:
        raise OptionError("train needs either --triples or --pairs", hint="both are TSV files of texts")
    options = stage_options(flags, texts.rows)
    if not _RECIPE & flags.model_fields_set:
        say(
            f"train: {options['max_steps']:,} steps of {flags.per_device_train_batch_size} rows at the toolkit's rate, "
            f"{flags.learning_rate:g}, falling to 0. The papers' recipe is another: 156 steps of 128 rows at a "
            "constant 3e-4 (--per_device_train_batch_size 8 --gradient_accumulation_steps 16 --learning_rate 3e-4 "
            "--lr_scheduler_type constant)"
        )
    if replaces and is_main():
        take_lock(lock_of(flags.output_dir), flags.output_dir)
    # By what is in them the training is known again, so that the file's place may change.
    with tempfile.TemporaryDirectory() as folder:
        triples = Path(folder) / "triples.jsonl"
        write_triples(triples, texts.triples)
        with in_place_of(flags.output_dir, replaces) if flags.overwrite_output_dir else contextlib.nullcontext():
            train(triples, texts.corpus, flags.output_dir, arguments=passed_on, **options)


def _trained_elsewhere(folder: Path) -> bool:
    """Whether `folder` holds a model that our training takes for somebody else's."""
    try:
        check_output(folder)
    except OptionError:
        return holds_model(folder)
    return False


def stage_options(flags: TrainFlags, rows: int) -> dict[str, Any]:
    """The flags as options of our train stage, for a file of `rows` (query, passage).

    The toolkit counts rows, we count queries with a positive and one negative: two rows each.
    """
    devices = count()
    rows_per_step = flags.per_device_train_batch_size * flags.gradient_accumulation_steps * devices
    steps = total_steps(flags.max_steps, flags.num_train_epochs, rows, rows_per_step)
    warmup = flags.warmup_steps / steps if flags.warmup_steps >= 1 else flags.warmup_steps or flags.warmup_ratio
    seq2seq = is_seq2seq(flags.base_model)
    return {
        "family": "seq2seq" if seq2seq else "cross-encoder",
        "base_model": flags.base_model,
        "scheme": scheme_for("train", flags.base_model, flags.scheme),
        "loss": "pointwise",
        "negatives_per_query": 1,
        "base_shares": (0.0,),
        "max_length": flags.max_doc_length,
        "max_steps": steps,
        "epochs": 0.0,
        "batch_size": math.ceil(rows_per_step / 2 / devices) * devices,
        "micro_batch_size": math.ceil(flags.per_device_train_batch_size / 2),
        "learning_rate": flags.learning_rate,
        "scheduler": flags.lr_scheduler_type,
        "warmup": min(warmup, 0.999),
        "weight_decay": flags.weight_decay,
        "optimizer": "adafactor" if flags.adafactor else flags.optim,
        # T5's and BERT's own, with which the toolkit trains.
        "dropout": 0.1,
        "keep": flags.keep,
        # The reference trains on every row: some are held out only where weights are to be chosen by them.
        **({"held_out_queries": 0} if flags.keep == "last" else {}),
        "seed": flags.seed,
        "precision": "fp16" if flags.fp16 else "bf16" if flags.bf16 else "auto",
        "device": "cpu" if flags.use_cpu or flags.no_cuda else flags.device,
    }

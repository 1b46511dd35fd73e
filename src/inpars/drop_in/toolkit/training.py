"""The toolkit's training arguments, which are transformers' own, as options of our train stage."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.errors import OptionError

_SCORED = "nothing is held out to be scored; --keep best holds queries out, and chooses the weights by them"
_SAVED = "a training that is killed goes on by itself; the finished model is what is saved"
_FED = "batches are made here, of like lengths"
_MIXED = "mixed precision is torch's own, the only one that transformers has left"
_TPU = "training runs on CPUs and GPUs"
_GONE = "transformers 5 has it no more"

IDLE = {
    **dict.fromkeys(("do_train", "do_eval", "do_predict", "evaluation_strategy", "eval_strategy"), _SCORED),
    **dict.fromkeys(("eval_steps", "eval_on_start", "per_device_eval_batch_size", "predict_with_generate"), _SCORED),
    **dict.fromkeys(("load_best_model_at_end", "metric_for_best_model", "greater_is_better"), _SCORED),
    **dict.fromkeys(("save_strategy", "save_steps", "save_total_limit", "save_only_model"), _SAVED),
    **dict.fromkeys(("save_safetensors", "resume_from_checkpoint"), _SAVED),
    **dict.fromkeys(("dataloader_drop_last", "remove_unused_columns", "group_by_length"), _FED),
    **dict.fromkeys(("train_sampling_strategy", "length_column_name"), _FED),
    **dict.fromkeys(("sortish_sampler", "generation_max_length", "generation_num_beams"), "nothing is generated here"),
    **dict.fromkeys(("half_precision_backend", "fp16_backend", "fp16_opt_level"), _MIXED),
    **dict.fromkeys(("tpu_num_cores", "tpu_metrics_debug"), _TPU),
    **dict.fromkeys(("jit_mode_eval", "use_ipex", "torchdynamo", "xpu_backend", "sharded_ddp", "ray_scope"), _GONE),
    **dict.fromkeys(("use_legacy_prediction_loop", "past_index", "mp_parameters"), _GONE),
    "include_inputs_for_metrics": _SCORED,
    "logging_dir": "the learning curve lies beside the model; --report_to sends it elsewhere too",
    "local_rank": "accelerate and torchrun tell it themselves",
    "data_seed": "--seed fixes the order too",
}
"""Training arguments that have no meaning here, and why."""


def total_steps(max_steps: int, epochs: float, rows: int, rows_per_step: int) -> int:
    """Steps as the toolkit counts them: those given, else as many as `epochs` passes over all rows take."""
    return max_steps if max_steps > 0 else max(1, math.ceil(epochs * rows / rows_per_step))


def check_passed_on(more: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Those of `more` that are arguments of transformers; `OptionError` for any other, with the nearest of all."""
    from dataclasses import fields

    from transformers import TrainingArguments

    from inpars.drop_in.toolkit.flags import unknown_flag

    theirs = {field.name for field in fields(TrainingArguments)}
    passed = {name: value for name, value in more.items() if name not in IDLE}
    for name in passed:
        if name.startswith(("push_to_hub", "hub_")):
            raise OptionError(f"train: --{name} cannot be given", hint="push the finished model's folder")
        if name not in theirs:
            raise unknown_flag("train", f"--{name}", sorted(theirs | known | IDLE.keys()))
    return passed


def holds_model(folder: Path) -> bool:
    """Whether `folder` has a saved model in it, whoever trained it, and is not the current folder."""
    weights = (path for kind in ("*.safetensors", "pytorch_model*.bin") for path in folder.glob(kind))
    return (folder / "config.json").is_file() and any(weights) and folder.resolve() != Path.cwd()


@contextlib.contextmanager
def in_place_of(folder: Path, moves: bool) -> Iterator[None]:
    """While a model is trained for `folder`, the one in it steps aside where it `moves`.

    It is gone once the new one is there, and back where there is none; so is one that a killed call has left aside.
    """
    aside = folder.with_name(f".{folder.name}.older")
    # Another process of the same training may have been first.
    if moves and folder.exists():
        shutil.rmtree(aside, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.replace(folder, aside)
    try:
        yield
    finally:
        if folder.exists():
            shutil.rmtree(aside, ignore_errors=True)
        elif aside.exists():
            os.replace(aside, folder)

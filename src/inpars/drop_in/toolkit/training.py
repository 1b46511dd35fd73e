"""The toolkit's training arguments, which are transformers' own, as options of our train stage."""

from __future__ import annotations

import math
from typing import Any

from inpars.errors import OptionError

_SCORED = "the model is scored on held-out queries, at the end or --evaluations times"
_SAVED = "a training that is killed goes on by itself; the best weights are what is saved"
_FED = "batches are made here, of like lengths"

IDLE = {
    **dict.fromkeys(("do_train", "do_eval", "do_predict", "evaluation_strategy", "eval_strategy"), _SCORED),
    **dict.fromkeys(("eval_steps", "eval_on_start", "per_device_eval_batch_size", "predict_with_generate"), _SCORED),
    **dict.fromkeys(("load_best_model_at_end", "metric_for_best_model", "greater_is_better"), _SCORED),
    **dict.fromkeys(("save_strategy", "save_steps", "save_total_limit", "save_only_model"), _SAVED),
    **dict.fromkeys(("save_safetensors", "resume_from_checkpoint"), _SAVED),
    **dict.fromkeys(("dataloader_drop_last", "remove_unused_columns", "group_by_length"), _FED),
    **dict.fromkeys(("train_sampling_strategy", "length_column_name"), _FED),
    **dict.fromkeys(("sortish_sampler", "generation_max_length", "generation_num_beams"), "nothing is generated here"),
    "overwrite_output_dir": "the finished model takes the place of the folder's earlier one",
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

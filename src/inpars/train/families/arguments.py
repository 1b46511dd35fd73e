"""Training arguments: what the options come to, and what the user adds."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from inpars.data.files import first_line
from inpars.errors import OptionError, unknown_name
from inpars.models.precision import Precision, default_device, resolve
from inpars.train import processes
from inpars.train.batches import accumulation
from inpars.train.config import TrainConfig

_OPTIONS = {
    "bf16": "precision",
    "data_seed": "seed",
    "fp16": "precision",
    "gradient_accumulation_steps": "batch_size and micro_batch_size",
    "learning_rate": "learning_rate",
    "lr_scheduler_type": "scheduler",
    "max_steps": "max_steps",
    "num_train_epochs": "epochs",
    "optim": "optimizer",
    "per_device_train_batch_size": "batch_size and micro_batch_size",
    "seed": "seed",
    "use_cpu": "device",
    "warmup_ratio": "warmup",
    "warmup_steps": "warmup",
    "weight_decay": "weight_decay",
}
_KNOWN = {
    "optimizer": {"adamw_torch", "adamw_torch_fused", "adafactor"},
    "scheduler": {"linear", "constant", "constant_with_warmup", "cosine"},
}
"""Methods that the library has had for years."""
_SCORED = "this stage scores the model itself, on the held-out queries"
_SAVED = "a checkpoint goes with each evaluation, so that a killed training goes on from there"
_FED = "this stage feeds the batches itself"
_PUSHED = "only the finished model is worth it: push its folder"
_OWNED = {
    "output_dir": "this stage works in a folder of its own, beside its output",
    "resume_from_checkpoint": "a killed training goes on by itself: run the same command again",
    **dict.fromkeys(("do_train", "do_eval", "do_predict", "eval_strategy", "eval_steps", "eval_on_start"), _SCORED),
    **dict.fromkeys(("load_best_model_at_end", "metric_for_best_model", "greater_is_better"), _SCORED),
    **dict.fromkeys(("save_strategy", "save_steps", "save_only_model"), _SAVED),
    **dict.fromkeys(("dataloader_drop_last", "remove_unused_columns", "train_sampling_strategy"), _FED),
    **dict.fromkeys(("push_to_hub", "hub_strategy", "hub_model_id"), _PUSHED),
}


def check_arguments(config: TrainConfig) -> None:
    """`OptionError` for a training argument that does not exist or is not the user's, and for unknown methods."""
    if not config.arguments and config.optimizer in _KNOWN["optimizer"] and config.scheduler in _KNOWN["scheduler"]:
        # The library takes seconds to load.
        return
    from transformers import SchedulerType, TrainingArguments
    from transformers.training_args import OptimizerNames

    defaults = {field.name: field.default for field in fields(TrainingArguments)}
    known = defaults.keys() - _OPTIONS.keys() - _OWNED.keys()
    for name, value in config.arguments.items():
        if name in _OPTIONS:
            raise OptionError(f"arguments.{name}: this has an option of its own", hint=f"give {_OPTIONS[name]}")
        if name in _OWNED:
            raise OptionError(f"arguments.{name} cannot be given: {_OWNED[name]}")
        if name not in known:
            raise unknown_name("training argument", name, known)
        # The library finds out in the middle of training.
        if isinstance(value, str) and isinstance(defaults[name], (int, float)):
            raise OptionError(f"arguments.{name}: expected {defaults[name]!r} or the like; found {value!r}")
    for kind, chosen, names in (
        ("optimizer", config.optimizer, OptimizerNames),
        ("scheduler", config.scheduler, SchedulerType),
    ):
        if chosen not in {name.value for name in names}:
            raise unknown_name(kind, chosen, {name.value for name in names})


def make_arguments(kind: Any, config: TrainConfig, folder: Path, steps: int, **more: Any) -> Any:
    """A `TrainingArguments` of the class `kind`: the options, `more` of the family's, the user's own last."""
    try:
        made = kind(**shared_arguments(config, folder, steps) | more | config.arguments)
    except (TypeError, ValueError, ImportError) as error:
        raise OptionError(f"training arguments: {first_line(error)}") from None
    # Several devices take several processes: one process that feeds them all would deal batches out its own way.
    made._n_gpu = min(made.n_gpu, 1)
    return made


def shared_arguments(config: TrainConfig, folder: Path, steps: int) -> dict[str, Any]:
    """What the options come to in every family. Evaluation and saving are left to the selection."""
    device = config.device or default_device()
    precision = resolve(trained_in(config, device), device)
    devices = processes.count()
    parts = accumulation(config.batch_size, config.micro_batch_size, devices)
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": config.batch_size // devices // parts,
        "gradient_accumulation_steps": parts,
        "optim": config.optimizer,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": config.scheduler,
        "warmup_steps": round(config.warmup * steps),
        "weight_decay": config.weight_decay,
        "bf16": precision == "bf16",
        "fp16": precision == "fp16",
        "use_cpu": device == "cpu",
        "seed": config.seed,
        "data_seed": config.seed,
        "save_strategy": "no",
        "save_total_limit": 1,
        "eval_strategy": "no",
        "logging_steps": 10,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "remove_unused_columns": False,
    }


def trained_in(config: TrainConfig, device: str) -> Precision:
    """The number format asked for; T5's activations overflow in fp16, so that there it must be asked for by name."""
    if config.family == "seq2seq" and config.precision == "auto" and resolve("auto", device) == "fp16":
        return "fp32"
    return config.precision


def set_dropout(model: Any, share: float) -> None:
    """Set the dropout of every layer, whether it is a module or a number that a module keeps."""
    from torch.nn import Dropout

    for module in model.modules():
        if isinstance(module, Dropout):
            module.p = share
        for name in ("dropout", "attention_dropout", "activation_dropout", "dropout_rate"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, share)


def prepare(model: Any, config: TrainConfig) -> None:
    """Ready a sentence-transformers model: its dropout, and nothing that only a model card would need."""
    set_dropout(model, config.dropout)
    # `inpars.json` says what the model is. For a card the library would search the data for examples and embed some.
    model.model_card_data.generate_widget_examples = False

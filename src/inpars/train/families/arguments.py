"""Training arguments that every family shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.models.precision import default_device, resolve
from inpars.train.config import TrainConfig


def arguments(config: TrainConfig, folder: Path, steps: int) -> dict[str, Any]:
    """Keyword arguments for a `TrainingArguments` class. Evaluation and saving are left to the selection."""
    device = config.device or default_device()
    precision = resolve(config.precision, device)
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "linear",
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


def prepare(model: Any, config: TrainConfig) -> None:
    """Set the dropout of every layer, and leave out what only a model card would need."""
    from torch.nn import Dropout

    for module in model.modules():
        if isinstance(module, Dropout):
            module.p = config.dropout
    # `inpars.json` says what the model is. A card with no examples would search the data for some.
    model.model_card_data.widget = [{}]

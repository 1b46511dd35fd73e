"""What is on record about a trained model."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Any

from inpars.train.config import TrainConfig
from inpars.versions import versions_of

_LIBRARIES = ("inpars", "torch", "transformers", "sentence-transformers", "accelerate", "peft")
_ELSEWHERE = {"family", "base_model", "loss", "scheme", "similarity", "query_prompt", "passage_prompt"}
# Where and how it ran, and what only was watched, makes no other model.
_NO_PART = {
    *("device", "keep_every", "trust_remote_code"),
    *("monitor_queries", "monitor_qrels", "monitor_run", "monitor_depth", "monitor_measures"),
}


def about(trainee: Any, config: TrainConfig) -> dict[str, Any]:
    """What a trained model is and what it was trained with, every option spelt out."""
    options = config.model_dump(mode="json")
    scheme = getattr(trainee, "scheme", None)
    return {
        "family": config.family,
        "base_model": config.base_model,
        **({"scheme": asdict(scheme)} if is_dataclass(scheme) and not isinstance(scheme, type) else {}),
        **(_of_bi_encoder(trainee.model) if config.family == "bi-encoder" else {}),
        "loss": config.loss,
        "max_length": config.max_length,
        "hyper_parameters": {name: options[name] for name in options if name not in _ELSEWHERE | _NO_PART},
        "versions": versions_of(_LIBRARIES),
    }


def _of_bi_encoder(model: Any) -> dict[str, Any]:
    prompts = {"query_prompt": model.prompts["query"], "passage_prompt": model.prompts["document"]}
    return {"similarity": model.similarity_fn_name, **prompts}

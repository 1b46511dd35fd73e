"""What each family is trained with where nothing is said: the published recipes, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAMILY_DEFAULTS: dict[str, dict[str, Any]] = {
    # InPars v1's GPU script: AdamW at a constant 3e-4, 156 steps of 128 passages in batches of 8
    # (arXiv 2202.05144, 2003.06713).
    "seq2seq": {
        "base_model": "castorini/monot5-base-msmarco-10k",
        "loss": "pointwise",
        "negatives_per_query": 1,
        "epochs": 1.0,
        "max_steps": 156,
        "batch_size": 64,
        "micro_batch_size": 4,
        "learning_rate": 3e-4,
        "scheduler": "constant",
        "warmup": 0.0,
        "weight_decay": 5e-5,
        "max_length": 512,
        "base_shares": (0.0,),
    },
    # Binary cross-entropy, as the MS MARCO cross-encoders of sentence-transformers are trained; the rate
    # and the schedule are the Trainer's own, the length the toolkit's (arXiv 2307.04601). A base whose
    # head is new gains nothing by an average with it, one that ranks already may.
    "cross-encoder": {
        "base_model": "all-MiniLM-L6-v2",
        "loss": "pointwise",
        "negatives_per_query": 0,
        "epochs": 1.0,
        "max_steps": 0,
        "batch_size": 64,
        "micro_batch_size": 0,
        "learning_rate": 5e-5,
        "scheduler": "linear",
        "warmup": 0.1,
        "weight_decay": 0.01,
        "max_length": 300,
        "base_shares": (0.0, 0.5),
    },
    # In-batch softmax (arXiv 1705.00652) with sentence-transformers' habits; chosen in this project's
    # own measurements of the quickstart recipe.
    "bi-encoder": {
        "base_model": "all-MiniLM-L6-v2",
        "loss": "in-batch",
        "negatives_per_query": 0,
        "epochs": 1.0,
        "max_steps": 0,
        "batch_size": 64,
        "micro_batch_size": 0,
        "learning_rate": 5e-5,
        "scheduler": "linear",
        "warmup": 0.1,
        "weight_decay": 0.01,
        "max_length": 128,
        "base_shares": (0.5,),
    },
    # RankLLaMA: low-rank adapters at 1e-4 under a softmax over the positive and its negatives (arXiv 2310.08319).
    "llm": {
        "base_model": "Qwen/Qwen3-Reranker-0.6B",
        "loss": "softmax",
        "negatives_per_query": 7,
        "epochs": 1.0,
        "max_steps": 0,
        "batch_size": 16,
        "micro_batch_size": 1,
        "learning_rate": 1e-4,
        "scheduler": "linear",
        "warmup": 0.1,
        "weight_decay": 0.0,
        "max_length": 512,
        "base_shares": (0.0,),
    },
}
"""Every option of `TrainConfig` that is the family's own, by family."""


def with_defaults(given: Mapping[str, Any], family: str) -> dict[str, Any]:
    """`given` with the family's own value for each option that is missing or None.

    Of `epochs` and `max_steps` one alone is the only limit; the family's two stand where neither is given.
    """
    filled = {name: value for name, value in given.items() if value is not None}
    own = dict(FAMILY_DEFAULTS[family])
    if "max_steps" in filled and "epochs" not in filled:
        own["epochs"] = 0.0 if filled["max_steps"] else own["epochs"]
    elif "epochs" in filled and "max_steps" not in filled:
        own["max_steps"] = 0 if filled["epochs"] else own["max_steps"]
    return own | filled

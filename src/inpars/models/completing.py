"""What a checkpoint leaves open and nothing can be computed without: a token for padding, a length that it can read."""

from __future__ import annotations

from typing import Any

from torch import nn

LONGEST = 10**6
"""Tokens from which on a length is none at all: tokenizers that know no limit say 10^30."""


def complete(model: Any, unlimited: int | None = None) -> None:
    """Set what is missing on a sentence-transformers model, with which it is saved.

    The padding token is the end of a text where there is none of its own. `max_seq_length` is cut to the positions that
    there are embeddings for; where neither files nor positions limit it, it is `unlimited` (None: as it is).
    """
    tokenizer, inner = model.tokenizer, model.transformers_model
    if tokenizer is None or inner is None:
        return
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token or tokenizer.convert_ids_to_tokens(0)
    config = inner.config.get_text_config()
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = tokenizer.pad_token_id
    own = int(min(model.max_seq_length or LONGEST, LONGEST))
    length = min(own, positions(inner) or LONGEST)
    if length >= LONGEST and unlimited:
        length = unlimited
    if length < own:
        model.max_seq_length = length


def set_length(model: Any, length: int | None) -> None:
    """Have a sentence-transformers model read so many tokens of a text; static embeddings read all of it, always."""
    if model.max_seq_length != float("inf"):
        model.max_seq_length = length


def positions(model: nn.Module) -> int | None:
    """How many tokens a transformers model has learnt positions for; None where it has no such embeddings.

    RoBERTa and its kin count from behind the padding's row, so that they read fewer than they have rows.
    """
    for module in model.modules():
        rows = getattr(module, "position_embeddings", None)
        if isinstance(rows, nn.Embedding):
            return int(rows.num_embeddings) - (0 if rows.padding_idx is None else rows.padding_idx + 1)
    return None

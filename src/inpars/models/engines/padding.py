"""Inputs of unequal length as rectangular arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inpars.models.scorers.tokens import Tokens


def padded(batch: Sequence[Tokens], pad_id: int = 0) -> dict[str, np.ndarray]:
    """`input_ids`, `attention_mask` and, where there are types, `token_type_ids`: int64, (batch, longest)."""
    shape = (len(batch), max(len(tokens.ids) for tokens in batch))
    arrays = {"input_ids": np.full(shape, pad_id, dtype=np.int64), "attention_mask": np.zeros(shape, dtype=np.int64)}
    if batch[0].types is not None:
        arrays["token_type_ids"] = np.zeros(shape, dtype=np.int64)
    for row, tokens in enumerate(batch):
        length = len(tokens.ids)
        arrays["input_ids"][row, :length] = tokens.ids
        arrays["attention_mask"][row, :length] = 1
        if tokens.types is not None:
            arrays["token_type_ids"][row, :length] = tokens.types
    return arrays

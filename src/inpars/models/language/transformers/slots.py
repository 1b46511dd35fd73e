"""The keys and values of the rows that are being written, each row in a slot of a fixed store."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

# Steps read so many places at a time, for a library prepares itself for every new shape.
_ROUND = 32

Prefix = tuple[tuple[int, ...], dict[int, tuple[Tensor, Tensor]]]
"""Tokens, and by layer their keys and values: (heads, tokens, width) each."""


class Slots(Cache):  # type: ignore[misc]
    """A cache of `capacity` rows of at most `length` tokens, besides a prefix that all rows share.

    Rows 0 to `rows - 1` are in use. A row that is done gives its place to the last one, so that the
    rows in use always lie together and a step reads nothing else. Tensors, (rows, heads, tokens,
    width), are made layer by layer when first written, on the layer's device.
    """

    def __init__(self, capacity: int, length: int, prefix: Prefix | None = None) -> None:
        """`prefix` is one that other slots have encoded."""
        super().__init__(layers=[])
        self.capacity = capacity
        self.length = length
        self.rows = 0
        self.filling = True
        self.mask: Tensor | None = None
        self._keys: dict[int, Tensor] = {}
        self._values: dict[int, Tensor] = {}
        self._prefix_tokens, self._prefix = prefix or ((), {})
        self._recording = False
        self._lengths = torch.zeros(capacity, dtype=torch.long)
        self._joined: tuple[Tensor, Tensor] | None = None
        self._longest = 0
        self._placed: dict[torch.device, tuple[Tensor, Tensor, Tensor]] = {}

    @property
    def prefix_tokens(self) -> tuple[int, ...]:
        """The tokens of the shared prefix."""
        return self._prefix_tokens

    def encoded_prefix(self) -> Prefix:
        """The shared prefix, for other slots."""
        return self._prefix_tokens, self._prefix

    def prefix(self, layer: int) -> tuple[Tensor, Tensor] | None:
        """The prefix's keys and values in a layer, (heads, tokens, width); None where there is none (yet)."""
        return None if self._recording else self._prefix.get(layer)

    def record_prefix(self, tokens: tuple[int, ...]) -> None:
        """What the model writes next is the prefix."""
        self._prefix, self._prefix_tokens = {}, tokens
        self._recording = self.filling = True

    def forget_prefix(self) -> None:
        """From here on the rows share nothing."""
        self._prefix, self._prefix_tokens = {}, ()

    def empty(self) -> None:
        """Free every slot; the prefix stays."""
        self.rows = 0

    def fill(self, lengths: list[int]) -> None:
        """What the model writes next are new rows, all tokens of them joined into one row of the model's."""
        self._recording, self.filling = False, True
        counts = torch.tensor(lengths)
        self._lengths[self.rows : self.rows + len(lengths)] = counts
        self.rows += len(lengths)
        self._filled = len(lengths)
        # Of each token, its row and its place in it.
        self._joined = (
            torch.arange(len(lengths)).repeat_interleave(counts),
            torch.cat([torch.arange(length) for length in lengths]),
        )

    def parted(self, joined: Tensor) -> Tensor:
        """What the model computed of joined rows, (1, heads, tokens, …), row by row, zeros after the shorter ones."""
        if self._recording or self._joined is None:
            return joined
        rows, places = (part.to(joined.device) for part in self._joined)
        shape = (self._filled, joined.shape[1], int(self._joined[1].max()) + 1, *joined.shape[3:])
        apart = joined.new_zeros(shape)
        apart[rows, :, places] = joined[0].transpose(0, 1)
        return apart

    def joined(self, apart: Tensor) -> Tensor:
        """The reverse of `parted`: (rows, heads, tokens, …) to (1, heads, tokens of all rows, …)."""
        if self._recording or self._joined is None:
            return apart
        rows, places = (part.to(apart.device) for part in self._joined)
        return apart[rows, :, places].transpose(0, 1)[None]

    def step(self) -> None:
        """What the model writes next is one token more for each row."""
        self._recording = self.filling = False
        self._placed = {}
        longest = int(self._lengths[: self.rows].max()) + 1
        self._longest = min(self.length, -(-longest // _ROUND) * _ROUND)
        self._positions = self._lengths[: self.rows].clone()
        self._lengths[: self.rows] += 1

    def positions(self) -> Tensor:
        """Of each row in use, the place of its next token, the prefix counted: (rows, 1)."""
        return (self._lengths[: self.rows] + len(self._prefix_tokens))[:, None].clone()

    def repeat_filled(self, times: int) -> None:
        """Put `times` more copies of the rows just filled, all of them in turn, into the slots after them."""
        count = self._filled
        source = slice(self.rows - count, self.rows)
        for _ in range(times):
            copy = slice(self.rows, self.rows + count)
            for store in (*self._keys.values(), *self._values.values()):
                store[copy] = store[source]
            self._lengths[copy] = self._lengths[source]
            self.rows += count

    def remove(self, row: int) -> None:
        """Free a row; the last one moves into its place."""
        last = self.rows - 1
        if row != last:
            used = int(self._lengths[last])
            for store in (*self._keys.values(), *self._values.values()):
                store[row, :, :used] = store[last, :, :used]
            self._lengths[row] = self._lengths[last]
        self.rows = last

    def hidden(self, key: Tensor) -> Tensor:
        """Which places of each row hold nothing that it may see: (rows, places), in a step."""
        return self._on(key.device)[2]

    def update(self, key: Tensor, value: Tensor, layer_idx: int, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Store what a layer has computed; gives what its queries are to meet besides the prefix."""
        if self._recording:
            self._prefix[layer_idx] = key[0].contiguous(), value[0].contiguous()
            return key, value
        if layer_idx not in self._keys:
            # A processor multiplies many matrices by one vector each faster in fp32 than in bf16.
            wide = torch.float32 if key.device.type == "cpu" else key.dtype
            self._keys[layer_idx] = self._store(key, wide)
            self._values[layer_idx] = self._store(value, value.dtype)
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        if self.filling:
            key, value = self.parted(key), self.parted(value)
            first, tokens = self.rows - self._filled, key.shape[2]
            keys[first : self.rows, :, :tokens] = key
            values[first : self.rows, :, :tokens] = value
            return key, value
        rows, positions, _ = self._on(key.device)
        keys[rows, :, positions] = key[:, :, 0].to(keys.dtype)
        values[rows, :, positions] = value[:, :, 0]
        return keys[: self.rows, :, : self._longest], values[: self.rows, :, : self._longest]

    def get_seq_length(self, layer_idx: int = 0, *args: Any) -> int:
        """How many tokens a model may take as seen where it is given no positions; it is given them always."""
        return len(self._prefix_tokens)

    def _store(self, like: Tensor, dtype: torch.dtype) -> Tensor:
        shape = (self.capacity, like.shape[1], self.length, like.shape[3])
        # Zeros, for what a row may not see is still multiplied, by a weight of nothing.
        return torch.zeros(shape, dtype=dtype, device=like.device)

    def _on(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """Rows, their positions and what they may not see, on a device; made once a step."""
        if device not in self._placed:
            positions = self._positions.to(device)
            rows = torch.arange(self.rows, device=device)
            hidden = torch.arange(self._longest, device=device)[None] > positions[:, None]
            self._placed[device] = rows, positions, hidden
        return self._placed[device]

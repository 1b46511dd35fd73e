"""Writing the completions of many prompts together: shared prefix, slots, rows that come and go."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from inpars.models.language.base import Completion, Sampling
from inpars.models.language.transformers.picking import pick
from inpars.models.language.transformers.prefix_attention import shared_prefix_attention
from inpars.models.language.transformers.rows import Row
from inpars.models.language.transformers.slots import Slots

_LEAST_PREFIX = 16
# Slots come in so many lengths, so that one window's often do for the next.
_LENGTHS = 64


@dataclass
class Ended:
    """A prompt whose completions are all written.

    `rows` are those that are done; `shared_tokens` counts the prompt's tokens that were encoded for
    all prompts at once.
    """

    prompt: int
    shared_tokens: int = 0
    rows: list[Row] = field(default_factory=list)

    @property
    def completions(self) -> list[Completion]:
        """In the order of their numbers, whichever was written first."""
        return [row.done for row in sorted(self.rows, key=lambda row: row.number) if row.done is not None]

    @property
    def tokens(self) -> int:
        """How many were written, also those that were cut off again."""
        return sum(len(row.token_ids) for row in self.rows)


def common_prefix(prompts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The tokens that all prompts begin with, but never the whole of one."""
    first, last = min(prompts, key=list), max(prompts, key=list)
    shortest = min(map(len, prompts)) - 1
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), shortest)
    return tuple(first[:length])


class Decoder:
    """Writes completions with one model on one device.

    The prefix is encoded once and kept for the next call. Prompts, longest first, fill the slots in
    chunks; each step then writes one token for every row, a row that is done leaves at once, and new
    prompts take the free slots. The last token of a prompt is left to the first step, so that
    filling needs no logits.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: Any, *, rows: int, chunk_tokens: int, batch_tokens: int
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.rows = rows
        self.chunk_tokens = chunk_tokens
        self.batch_tokens = batch_tokens
        self.device = model.get_input_embeddings().weight.device
        self.ends = end_tokens(model, tokenizer)
        self._kept: Slots | None = None

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def run(self, keys: Sequence[str], prompts: Sequence[list[int]], sampling: Sampling) -> Iterator[Ended]:
        """Every prompt's completions, as they are done. `keys` seed the draws; prompts are token ids.

        Runs may overlap: each has slots of its own.
        """
        slots = self._slots(prompts, common_prefix(prompts), sampling.n, sampling.max_new_tokens)
        begin = len(slots.prefix_tokens)
        waiting = deque(sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i)))
        ended = {i: Ended(i, shared_tokens=begin) for i in waiting}
        rows: list[Row] = []
        tokens: list[int] = []
        while waiting or rows:
            while waiting and self._has_room(slots, len(prompts[waiting[0]]) - begin, sampling.n, len(waiting)):
                chunk = self._fill(slots, waiting, prompts, sampling.n)
                rows += [Row.of(i, keys[i], number, sampling) for number in range(sampling.n) for i in chunk]
                tokens += [prompts[i][-1] for i in chunk] * sampling.n
            chosen, log_probs = self._step(slots, rows, tokens, sampling)
            for row, token_id, log_prob in zip(rows, chosen, log_probs, strict=True):
                row.add(token_id, log_prob, self.tokenizer, self.ends, sampling)
            tokens = chosen
            # From the last, so that a row that moves into a free slot has been looked at.
            for place in reversed(range(len(rows))):
                row = rows[place]
                if row.done is None:
                    continue
                slots.remove(place)
                rows[place], tokens[place] = rows[-1], tokens[-1]
                del rows[-1], tokens[-1]
                ended[row.prompt].rows.append(row)
                if len(ended[row.prompt].rows) == sampling.n:
                    yield ended.pop(row.prompt)
        self._kept = slots

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def last_logits(self, prompts: Sequence[list[int]], shared: int) -> Tensor:
        """The logits after each prompt's last token, the first `shared` tokens encoded once: (prompts, vocabulary)."""
        slots = self._slots(prompts, tuple(prompts[0][:shared]), 1, 1)
        order = self._fill(slots, deque(range(len(prompts))), prompts, 1)
        return self._logits(slots, [prompts[i][-1] for i in order])

    def _slots(self, prompts: Sequence[list[int]], prefix: tuple[int, ...], n: int, new_tokens: int) -> Slots:
        """Empty slots for these prompts, with their common prefix in place.

        They are the last run's where they are just such ones as would be made anew: what ran before must not show in
        any digit, and how much is read and multiplied together depends on the slots' number and length.
        """
        prefix = prefix if len(prefix) >= _LEAST_PREFIX else ()
        length = max(map(len, prompts)) - len(prefix) + new_tokens
        capacity = max(n, min(self.rows, self.batch_tokens // length, n * len(prompts)))
        length = -(-length // _LENGTHS) * _LENGTHS
        # Taken for good: a run that ends half way does not bring them back.
        slots, self._kept = self._kept, None
        if slots is None or (slots.capacity, slots.length) != (capacity, length):
            # Gone before the new ones are made, but for what is small beside them.
            encoded = slots.encoded_prefix() if slots is not None else None
            del slots
            slots = Slots(capacity, length, encoded)
        slots.empty()
        if slots.prefix_tokens != prefix:
            slots.forget_prefix()
            if prefix:
                slots.record_prefix(prefix)
                self._encode(slots, [list(prefix)], 0)
        return slots

    def _has_room(self, slots: Slots, tokens: int, n: int, waiting: int) -> bool:
        """Whether a whole chunk of prompts of so many tokens fits into the free slots, or all that wait."""
        chunk = min(self._chunk(tokens), waiting, max(1, slots.capacity // n // 2))
        return slots.capacity - slots.rows >= chunk * n

    def _chunk(self, tokens: int) -> int:
        return max(1, self.chunk_tokens // max(tokens, 1))

    def _fill(self, slots: Slots, waiting: deque[int], prompts: Sequence[list[int]], n: int) -> list[int]:
        """Encode the next chunk of prompts, all but their last tokens, into `n` free slots each; returns which."""
        begin = len(slots.prefix_tokens)
        free = (slots.capacity - slots.rows) // n
        fitting = min(free, self._chunk(len(prompts[waiting[0]]) - begin), len(waiting))
        chunk = [waiting.popleft() for _ in range(fitting)]
        own = [prompts[i][begin:-1] for i in chunk]
        slots.fill([len(row) for row in own])
        if max(map(len, own)):
            self._encode(slots, own, begin)
        slots.repeat_filled(n - 1)
        return chunk

    def _encode(self, slots: Slots, rows: list[list[int]], begin: int) -> None:
        # One after the other, as one row without padding: only the attention looks at a row by itself.
        ids = torch.tensor([[token for row in rows for token in row]], device=self.device)
        positions = torch.cat([torch.arange(begin, begin + len(row)) for row in rows])[None].to(self.device)
        with shared_prefix_attention(self.model, slots):
            self.model.base_model(
                input_ids=ids, position_ids=positions, past_key_values=slots, use_cache=True, return_dict=True
            )

    def _logits(self, slots: Slots, tokens: list[int]) -> Tensor:
        """The logits after one more token in each row: (rows, vocabulary)."""
        positions = slots.positions().to(self.device)
        slots.step()
        with shared_prefix_attention(self.model, slots):
            logits: Tensor = self.model(
                input_ids=torch.tensor(tokens, device=self.device)[:, None],
                position_ids=positions,
                past_key_values=slots,
                use_cache=True,
                return_dict=True,
            ).logits[:, -1]
        return logits

    def _step(
        self, slots: Slots, rows: list[Row], tokens: list[int], sampling: Sampling
    ) -> tuple[list[int], list[float]]:
        """The next token of each row, and its log-probability."""
        return pick_for(self._logits(slots, tokens), rows, sampling)


def pick_for(logits: Tensor, rows: list[Row], sampling: Sampling) -> tuple[list[int], list[float]]:
    """The next token of each row, and its log-probability, from logits (rows, vocabulary)."""
    draws = None
    if logits.device.type == "mps":
        # Apple's GPUs have no double precision, which drawing needs.
        logits = logits.cpu()
    if sampling.temperature > 0:
        draws = torch.tensor([row.draws[len(row.token_ids)] for row in rows], device=logits.device)
    chosen, log_probs = pick(logits, draws, sampling.temperature, sampling.top_p)
    return chosen.tolist(), log_probs.tolist()


def end_tokens(model: PreTrainedModel, tokenizer: Any) -> set[int]:
    """The ids with which the model ends what it writes."""
    ends: set[int] = set()
    configured = getattr(model.generation_config, "eos_token_id", None)
    for found in (configured, model.config.eos_token_id, getattr(tokenizer, "eos_token_id", None)):
        ends |= {found} if isinstance(found, int) else set(found or ())
    return ends

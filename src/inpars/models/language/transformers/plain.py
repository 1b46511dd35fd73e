"""Writing with a model's own attention and cache, for models that cannot share a prefix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from inpars.models.language.base import Sampling
from inpars.models.language.transformers.decoding import Ended, end_tokens, pick_for
from inpars.models.language.transformers.rows import Row


class PlainDecoder:
    """Batches of prompts of like length, padded on the left; rows that are done leave the batch."""

    def __init__(self, model: PreTrainedModel, tokenizer: Any, *, rows: int, batch_tokens: int) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.rows = rows
        self.batch_tokens = batch_tokens
        self.device = model.get_input_embeddings().weight.device
        self.ends = end_tokens(model, tokenizer)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def run(self, keys: Sequence[str], prompts: Sequence[list[int]], sampling: Sampling) -> Iterator[Ended]:
        """Every prompt's completions, as they are done. `keys` seed the draws; prompts are token ids."""
        waiting = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
        while waiting:
            length = len(prompts[waiting[0]]) + sampling.max_new_tokens
            size = max(1, min(self.rows, self.batch_tokens // length) // sampling.n)
            batch, waiting = waiting[:size], waiting[size:]
            yield from self._batch(keys, prompts, batch, sampling)

    def _batch(
        self, keys: Sequence[str], prompts: Sequence[list[int]], batch: list[int], sampling: Sampling
    ) -> Iterator[Ended]:
        rows = [Row.of(i, keys[i], number, sampling) for i in batch for number in range(sampling.n)]
        ended = {i: Ended(i) for i in batch}
        longest = len(prompts[batch[0]])
        padding = [longest - len(prompts[row.prompt]) for row in rows]
        ids = [[0] * pad + prompts[row.prompt] for pad, row in zip(padding, rows, strict=True)]
        inputs = torch.tensor(ids, device=self.device)
        seen = (torch.arange(longest) >= torch.tensor(padding)[:, None]).long().to(self.device)
        positions = (seen.cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache(config=self.model.config)
        while rows:
            logits = self.model(
                input_ids=inputs,
                attention_mask=seen,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
                return_dict=True,
            ).logits[:, -1]
            chosen, log_probs = pick_for(logits, rows, sampling)
            for row, token_id, log_prob in zip(rows, chosen, log_probs, strict=True):
                row.add(token_id, log_prob, self.tokenizer, self.ends, sampling)
                if row.done is not None:
                    ended[row.prompt].rows.append(row)
            going = [place for place, row in enumerate(rows) if row.done is None]
            kept = torch.tensor(going, dtype=torch.long, device=self.device)
            if len(going) < len(rows) and going:
                cache.batch_select_indices(kept)
            rows = [rows[place] for place in going]
            inputs = torch.tensor([chosen[place] for place in going], dtype=torch.long, device=self.device)[:, None]
            seen = torch.cat([seen[kept], seen.new_ones(len(going), 1)], dim=1)
            positions = positions[kept][:, -1:] + 1
            for i in [i for i, end in ended.items() if len(end.rows) == sampling.n]:
                yield ended.pop(i)

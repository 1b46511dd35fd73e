"""Seq2seq rerankers (monoT5, mT5, FLAN-T5): which of two words does the decoder write first?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inpars.models.adapters import merge_adapters
from inpars.models.engines.choose import Choice, InMemory
from inpars.models.files import model_file
from inpars.models.loading import loading, require_vocabulary
from inpars.models.precision import default_device
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.pairs import PairScorer
from inpars.models.scorers.scheme import FILE, Scheme, scheme_of
from inpars.models.scorers.tokens import PairTokens
from inpars.models.vocabulary import require_fit


class Seq2Seq(PairScorer):
    """The difference of the two target words' logits at the decoder's first step (arXiv 2003.06713).

    The published scripts take the softmax's probability instead; it orders documents the same but
    for the ties that it makes near 1.
    """

    def __init__(self, model: str | Path, options: ScoringOptions) -> None:
        tokenizer = load_tokenizer(str(model), options.trust_remote_code)
        scheme = scheme_of(str(model), model_file(str(model), FILE), options.scheme)
        target_ids = scheme.target_ids(tokenizer)

        def load() -> TargetLogits:
            return TargetLogits(load_seq2seq(str(model), tokenizer, options.trust_remote_code), target_ids, shrink=True)

        engine = Choice(load, options, options.device or default_device())
        # Positions are relative: such a model reads texts of any length.
        length = options.max_length or scheme.max_length
        super().__init__(PairTokens(tokenizer, length, scheme.template), engine, options.batch_tokens)

    @classmethod
    def over(cls, model: Any, tokenizer: Any, scheme: Scheme, options: ScoringOptions) -> Seq2Seq:
        """A scorer over a model in memory, which stays as it is: to look at one while it trains."""
        scorer = cls.__new__(cls)
        module = TargetLogits(model, scheme.target_ids(tokenizer)).train(model.training)
        engine = InMemory(module, options.precision, str(model.device))
        PairScorer.__init__(scorer, PairTokens(tokenizer, scheme.max_length, scheme.template), engine)
        return scorer


class TargetLogits(nn.Module):  # type: ignore[misc]
    """A seq2seq model as a function of its input to the logits of two target tokens, shape (batch, 2), fp32."""

    def __init__(self, model: Any, target_ids: tuple[int, int], shrink: bool = False) -> None:
        """With `shrink` the model's output matrix gives way to its two rows for good, else only for each call."""
        super().__init__()
        self.model = model
        self.start_id = int(model.config.decoder_start_token_id)
        self.pad_id = int(model.config.pad_token_id or 0)
        self.rows = list(target_ids)
        self._shrunk = shrink and self._has_plain_head()
        if self._shrunk:
            model.lm_head = TargetRows(model.lm_head, self.rows)
            self.rows = [0, 1]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """One step of the decoder."""
        start = torch.full_like(input_ids[:, :1], self.start_id)
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask, "decoder_input_ids": start}
        if self._shrunk or not self._has_plain_head():
            logits = self.model(**inputs, use_cache=False).logits[:, 0, self.rows]
        else:
            head, self.model.lm_head = self.model.lm_head, TargetRows(self.model.lm_head, self.rows)
            try:
                logits = self.model(**inputs, use_cache=False).logits[:, 0]
            finally:
                self.model.lm_head = head
        return logits.float()

    def _has_plain_head(self) -> bool:
        # BART and its kin add a bias to the whole vocabulary's logits.
        return type(getattr(self.model, "lm_head", None)) is nn.Linear and not hasattr(self.model, "final_logits_bias")


class TargetRows(nn.Module):  # type: ignore[misc]
    """Some rows of an output matrix, multiplied in fp32 whatever the model computes in."""

    def __init__(self, head: nn.Linear, rows: list[int]) -> None:
        super().__init__()
        self.weight = nn.Parameter(head.weight[rows].detach().float().clone(), requires_grad=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """As `nn.Linear`."""
        with torch.autocast(hidden.device.type, enabled=False):
            return nn.functional.linear(hidden.float(), self.weight)


def load_tokenizer(model: str, trust_remote_code: bool = False) -> Any:
    """The model's tokenizer."""
    from transformers import AutoTokenizer

    with loading(model):
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust_remote_code)
    require_vocabulary(model, tokenizer)
    return tokenizer


def load_seq2seq(model: str, tokenizer: Any, trust_remote_code: bool = False) -> Any:
    """The model with its weights in fp32, which must have a row for every token of `tokenizer`."""
    from transformers import AutoModelForSeq2SeqLM

    with loading(model):
        given = {"dtype": torch.float32, "trust_remote_code": trust_remote_code}
        loaded = AutoModelForSeq2SeqLM.from_pretrained(model, **given)
    merge_adapters(loaded)
    require_fit(model, tokenizer, loaded)
    return loaded

"""Seq2seq rerankers: the decoder learns which of two words to write first (monoT5, arXiv 2003.06713)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import Trainer, TrainingArguments

from inpars.models.files import model_file
from inpars.models.precision import default_device
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.scheme import FILE, scheme_of
from inpars.models.scorers.seq2seq import Seq2Seq, load_seq2seq, load_tokenizer
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import make_arguments, set_dropout, trained_in
from inpars.train.families.by_query import ByQuery, in_order, labels_and_teacher, texts
from inpars.train.families.inputs import TokenInputs
from inpars.train.losses import loss_function


class Seq2SeqTrainee:
    """Any model with a ...ForConditionalGeneration: T5, mT5, FLAN-T5, BART."""

    def __init__(self, model: str, config: TrainConfig) -> None:
        scheme = scheme_of(model, model_file(model, FILE), config.scheme)
        self.config, self.scheme = config, replace(scheme, max_length=config.max_length)
        self.tokenizer = load_tokenizer(model, config.trust_remote_code)
        device = config.device or default_device()
        self.model = load_seq2seq(model, self.tokenizer, config.trust_remote_code).to(device)
        set_dropout(self.model, config.dropout)
        _in_fp32(self.model.get_output_embeddings())

    def scorer(self) -> Seq2Seq:
        """A scorer over the weights as they stand."""
        precision = trained_in(self.config, str(self.model.device))
        return Seq2Seq.over(self.model, self.tokenizer, self.scheme, ScoringOptions(precision=precision))

    def trainer(self, examples: Examples, folder: Path, steps: int) -> Seq2SeqTrainer:
        """A trainer that reads pairs as the scorer does."""
        inputs = TokenInputs(self.scorer().tokens, int(self.model.config.pad_token_id or 0), self.model.device)
        trainer = Seq2SeqTrainer(model=self.model, args=make_arguments(TrainingArguments, self.config, folder, steps))
        trainer.ask(self.config, inputs, self.scheme.target_ids(self.tokenizer))
        trainer.feed(examples, inputs.length, texts)
        return trainer

    def save(self, folder: Path) -> None:
        """Write model and tokenizer as transformers does, with the scheme beside them."""
        self.model.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(str(folder))
        self.scheme.save(folder)


class _FirstStep:
    """The loss of the first token that the decoder writes; the base class of the trainer below."""

    def ask(self, config: TrainConfig, inputs: TokenInputs, target_ids: tuple[int, int]) -> None:
        """Set what the model reads and the ids of the two words `(negative, positive)`."""
        self.inputs, self.target_ids = inputs, target_ids
        # The published loss is over all words, so that the model unlearns to write any other.
        self.function = None if config.loss == "pointwise" else loss_function(config)
        self.temperature = config.temperature

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Tensor:
        """The loss of a batch of texts, from one step of the decoder."""
        relevant, teacher = labels_and_teacher(inputs["label"])
        pairs = [(q, p) for q, own in zip(inputs["query"], inputs["passages"], strict=True) for p in own]
        places: list[int] = []
        rows = []
        for chunk, features in self.inputs.chunks(pairs):
            logits = self._first_logits(model, features)
            rows.append(logits if self.function is None else logits[:, list(self.target_ids)])
            places += chunk
        logits = in_order(places, rows)
        if self.function is None:
            words = torch.tensor(self.target_ids, device=logits.device)[relevant.long().view(-1)]
            return cross_entropy(logits, words)
        scores = (logits[:, 1] - logits[:, 0]).view(relevant.shape)
        return self.function(scores, relevant, teacher, self.temperature)

    def _first_logits(self, model: Any, features: dict[str, Tensor]) -> Tensor:
        start_id = int(self.model.config.decoder_start_token_id)  # type: ignore[attr-defined]
        start = torch.full_like(features["input_ids"][:, :1], start_id)
        logits: Tensor = model(**features, decoder_input_ids=start, use_cache=False).logits
        return logits[:, 0].float()


class Seq2SeqTrainer(ByQuery, _FirstStep, Trainer):  # type: ignore[misc]
    """A `Trainer` that is fed query by query and looks at the decoder's first step alone."""


def _in_fp32(head: nn.Module) -> None:
    """Have an output matrix multiplied in fp32, as the scorer does: targets lie closer than bf16 can tell apart."""
    multiply = head.forward

    def forward(hidden: Tensor) -> Tensor:
        with torch.autocast(hidden.device.type, enabled=False):
            logits: Tensor = multiply(hidden.float())
            return logits

    head.forward = forward

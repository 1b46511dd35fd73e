"""Cross-encoders: query and document are read together and scored by a classifier's logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from inpars.errors import InparsError
from inpars.models.engines.choose import Choice, InMemory
from inpars.models.loading import loading, require_vocabulary
from inpars.models.precision import default_device
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.pairs import PairScorer
from inpars.models.scorers.tokens import PairTokens
from inpars.models.vocabulary import require_fit


class CrossEncoder(PairScorer):
    """Any sequence-classification model: its one logit, or of two how far the second lies above the first.

    No activation is applied, so that no scores saturate.
    """

    def __init__(self, model: str | Path, options: ScoringOptions) -> None:
        device = options.device or default_device()
        loaded = load_cross_encoder(str(model), device)
        if loaded.num_labels not in (1, 2):
            raise InparsError(
                f"the cross-encoder {str(model)!r} has {loaded.num_labels} outputs where a reranker has one or two",
                hint="train it first: inpars train --family cross-encoder --base-model MODEL",
            )
        tokens, first = _tokens(loaded, options), [loaded]
        del loaded

        def load() -> Classifier:
            return Classifier(first.pop() if first else load_cross_encoder(str(model), device))

        super().__init__(tokens, Choice(load, options, device), options.batch_tokens)

    @classmethod
    def over(cls, model: Any, options: ScoringOptions) -> CrossEncoder:
        """A scorer over a sentence-transformers model in memory, which stays as it is."""
        scorer = cls.__new__(cls)
        module = Classifier(model).train(model.training)
        engine = InMemory(module, options.precision, str(model.device))
        PairScorer.__init__(scorer, _tokens(model, options), engine)
        return scorer


class Classifier(nn.Module):  # type: ignore[misc]
    """A classifier as a function of its input to its logits, shape (batch, labels), fp32."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model.transformers_model
        self.pad_id = int(model.tokenizer.pad_token_id or 0)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """The model's logits."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, **types).logits
        return logits.float()


def load_cross_encoder(model: str, device: str, labels: int | None = None) -> Any:
    """A sentence-transformers `CrossEncoder`, with so many outputs; by default those that it was saved with."""
    from sentence_transformers import CrossEncoder as Model

    with loading(model):
        loaded = Model(model, num_labels=labels, device=device)
    require_vocabulary(model, loaded.tokenizer)
    require_fit(model, loaded.tokenizer, loaded.transformers_model)
    return loaded


def _tokens(model: Any, options: ScoringOptions) -> PairTokens:
    length = options.length(int(model.max_seq_length or 512))
    return PairTokens(model.tokenizer, length, positions=length)

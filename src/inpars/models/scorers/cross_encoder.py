"""Cross-encoders: query and document are read together and scored by a classifier's logits."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from inpars.errors import InputError
from inpars.models.completing import complete
from inpars.models.engines.choose import Choice, InMemory
from inpars.models.files import model_json
from inpars.models.loading import loading, require_vocabulary
from inpars.models.precision import default_device, stored_in
from inpars.models.quiet import quiet_loading
from inpars.models.scorers.kinds import architecture_of, known_family
from inpars.models.scorers.labels import labels_of, relevant_label, say_relevant
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.pairs import PairScorer
from inpars.models.scorers.tokens import PairTokens
from inpars.models.vocabulary import require_fit

_UNLIMITED = 512
"""Tokens read by a model that knows no limit."""


class CrossEncoder(PairScorer):
    """Any sequence-classification model: its one logit, or of two how far "relevant" lies above the other.

    Which of two that is, their names say (`relevant_label`). No activation is applied, so that no scores saturate.
    """

    def __init__(self, model: str | Path, options: ScoringOptions) -> None:
        device = options.device or default_device()
        trust = options.trust_remote_code
        loaded = load_cross_encoder(str(model), device, trust)
        labels = labels_of(loaded.config.to_dict())
        place = relevant_label(str(model), labels)
        if len(labels) > 1:
            say_relevant(str(model), labels[place])
        self.first_is_relevant = len(labels) > 1 and place == 0
        tokens, first = _tokens(loaded, options), [loaded]
        del loaded

        def load() -> Classifier:
            return Classifier(first.pop() if first else load_cross_encoder(str(model), device, trust))

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


def load_cross_encoder(model: str, device: str, trust_remote_code: bool = False) -> Any:
    """A sentence-transformers `CrossEncoder` with the outputs that it was saved with."""
    return _load(model, device, trust_remote_code, stored_in(device))


def load_cross_encoder_base(model: str, device: str, trust_remote_code: bool = False) -> tuple[Any, str]:
    """A `CrossEncoder` with one output to be trained, in fp32; and why its head is a new one, "" where it is not.

    A new head is random, by torch's seed.
    """
    classifies = False
    # What is broken is reported when it is loaded.
    with suppress(InputError):
        classifies = known_family(model) == "cross-encoder"
    loaded = _load(model, device, trust_remote_code, "float32", None if classifies else 1)
    if not classifies:
        architecture = architecture_of(model_json(model, "config.json"))
        return loaded, f"it is a {architecture}" if architecture else ""
    if loaded.num_labels == 1:
        return loaded, ""
    # By now a head is all that may have another shape than is asked for.
    why = f"its own has {loaded.num_labels} outputs: {', '.join(labels_of(loaded.config.to_dict()))}"
    with quiet_loading():
        loaded = _load(model, device, trust_remote_code, "float32", 1, ignore_mismatched_sizes=True)
    loaded.config.problem_type = None
    return loaded, why


def _load(model: str, device: str, trust_remote_code: bool, dtype: str, labels: int | None = None, **given: Any) -> Any:
    from sentence_transformers import CrossEncoder as Model

    with loading(model):
        given = {"dtype": dtype, **given}
        loaded = Model(model, num_labels=labels, device=device, trust_remote_code=trust_remote_code, model_kwargs=given)
    require_vocabulary(model, loaded.tokenizer)
    require_fit(model, loaded.tokenizer, loaded.transformers_model)
    complete(loaded, unlimited=_UNLIMITED)
    return loaded


def _tokens(model: Any, options: ScoringOptions) -> PairTokens:
    length = options.length(int(model.max_seq_length or _UNLIMITED))
    return PairTokens(model.tokenizer, length, positions=length)

"""LLM rerankers (Qwen3-Reranker and its like): would the model answer yes or no?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inpars.errors import InparsError
from inpars.models.engines.choose import Choice
from inpars.models.engines.eager import Eager
from inpars.models.files import base_of_adapter, model_file
from inpars.models.loading import loading, require_vocabulary
from inpars.models.locate import locate
from inpars.models.precision import Precision, default_device, resolve
from inpars.models.scorers.chat import give_template, tokens_of
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.pairs import PairScorer
from inpars.models.vocabulary import require_fit


class Llm(PairScorer):
    """The logit of "yes" above that of "no" as the first word of the model's answer, in fp32.

    A sentence-transformers CrossEncoder with a `LogitScore`, any causal language model, or a LoRA
    adapter of either. `instruction` says what makes a document relevant (arXiv 2506.05176).
    """

    def __init__(self, model: str | Path, options: ScoringOptions) -> None:
        device = options.device or default_device()
        precision: Precision = "fp32" if options.precision == "int8" else options.precision
        loaded = load_reranker(
            str(model), device, getattr(torch, _DTYPES[resolve(precision, device)]), options.trust_remote_code
        )
        if options.max_length:
            loaded.max_seq_length = options.length(int(loaded.max_seq_length or options.max_length))
        # Other engines know no causal models, and such a model is too large to be loaded for a trial.
        chosen = options.model_copy(update={"engine": "eager"}) if options.engine == "auto" else options
        engine = Choice(lambda: AnswerLogits(loaded), chosen, device)
        super().__init__(tokens_of(loaded, options.instruction), engine, options.batch_tokens)

    @classmethod
    def over(cls, model: Any, options: ScoringOptions) -> Llm:
        """A scorer over a sentence-transformers model in memory, which stays as it is."""
        scorer = cls.__new__(cls)
        engine = Eager(AnswerLogits(model).train(model.training), precision=options.precision, device=str(model.device))
        PairScorer.__init__(scorer, tokens_of(model, options.instruction), engine)
        return scorer


class AnswerLogits(nn.Module):  # type: ignore[misc]
    """A CrossEncoder with a `LogitScore` as a function of its input to logits, fp32, shape (batch, 2) or (batch, 1).

    The columns are "no" and "yes", or "yes" alone where the score is that one logit. Inputs are padded
    on the right: a causal model reads no padding before its last token, so it needs no mask.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        score = _logit_score(model)
        self.model = model.transformers_model
        self.rows = [row for row in (score.false_token_id, score.true_token_id) if row is not None]
        self.pad_id = int(model.tokenizer.pad_token_id or 0)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The logits after each input's last token."""
        last = attention_mask.sum(dim=1) - 1
        head = self.model.get_output_embeddings()

        # Of the output matrix only these rows are wanted, at one place, in more digits than bf16 has. A hook
        # leaves to the model what it does around it: casts, scaling, soft caps.
        def at_the_last_token(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
            return (inputs[0][torch.arange(len(last), device=last.device), last][:, None],)

        def in_fp32(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            if not isinstance(module, nn.Linear):
                return output[..., self.rows]
            bias = None if module.bias is None else module.bias[self.rows].float()
            with torch.autocast(output.device.type, enabled=False):
                return nn.functional.linear(inputs[0].float(), module.weight[self.rows].float(), bias)

        with head.register_forward_pre_hook(at_the_last_token), head.register_forward_hook(in_fp32):
            logits: Tensor = self.model(input_ids=input_ids, use_cache=False).logits[:, 0]
        return logits.float()


def load_reranker(model: str, device: str, dtype: Any, trust_remote_code: bool = False) -> Any:
    """A sentence-transformers CrossEncoder with a `LogitScore`, and with a chat template for a query and a document.

    `model` is one that sentence-transformers saved, any causal language model (its answers are "yes"
    and "no"), or a LoRA adapter of either, whose base is loaded from where the adapter says.
    """
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore

    trust = {"trust_remote_code": trust_remote_code}
    if model_file(model, "modules.json"):
        with loading(model):
            loaded = CrossEncoder(model, device=device, model_kwargs={"dtype": dtype}, **trust)
        require_vocabulary(model, loaded.tokenizer)
        require_fit(model, loaded.tokenizer, loaded.transformers_model)
        give_template(loaded, own=True)
        return loaded
    if base := base_of_adapter(model):
        loaded = load_reranker(locate(base), device, dtype, trust_remote_code)
        with loading(model):
            loaded.transformers_model.load_adapter(model)
        return loaded
    with loading(model):
        kinds = {"model_kwargs": {"dtype": dtype, **trust}, "processor_kwargs": trust, "config_kwargs": trust}
        transformer = Transformer(model, transformer_task="text-generation", **kinds)
    tokenizer = transformer.tokenizer
    require_vocabulary(model, tokenizer)
    no, yes = (tokenizer.convert_tokens_to_ids(word) for word in ("no", "yes"))
    if no is None or yes is None or no == yes:
        raise InparsError(
            f"the tokenizer of {model!r} has no tokens 'yes' and 'no'",
            hint="save it as a sentence-transformers CrossEncoder with a LogitScore over tokens of its own",
        )
    require_fit(model, tokenizer, transformer.model)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    loaded = CrossEncoder(modules=[transformer, LogitScore(yes, no)], device=device)
    give_template(loaded, own=False)
    return loaded


_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def _logit_score(model: Any) -> Any:
    from sentence_transformers.cross_encoder.modules import LogitScore

    if len(model) != 2 or not isinstance(model[1], LogitScore):
        kinds = ", ".join(type(module).__name__ for module in model)
        raise InparsError(
            f"an LLM reranker is a Transformer and a LogitScore; this one has {kinds}",
            hint="is its family another? say which with --family",
        )
    return model[1]

"""LLM rerankers: low-rank adapters, or all weights, learn when the model answers yes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from inpars.models.adapters import merge_adapters, merged
from inpars.models.precision import default_device
from inpars.models.scorers.chat import tokens_of
from inpars.models.scorers.llm import Llm, load_reranker
from inpars.models.scorers.options import ScoringOptions
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.arguments import prepare
from inpars.train.families.inputs import Chunk, TokenInputs


class LlmTrainee:
    """A sentence-transformers CrossEncoder with a `LogitScore`, trained by `CrossEncoderTrainer` with any `PairLoss`.

    With a `lora_rank` the model's own weights stay as they are, and low-rank adapters beside them
    are trained (Hu et al. 2021, arXiv 2106.09685). They start as no change at all, so that the base
    needs no copy.
    """

    def __init__(self, model: str, config: TrainConfig) -> None:
        self.config = config
        device = config.device or default_device()
        # Frozen weights are kept in the format they came in; trained ones in one that small steps show in.
        self.model = load_reranker(
            model, device, "auto" if config.lora_rank else torch.float32, config.trust_remote_code
        )
        merge_adapters(self.model.transformers_model)
        self.model.max_seq_length = min(int(self.model.max_seq_length or config.max_length), config.max_length)
        if config.instruction is not None:
            self.model.prompts, self.model.default_prompt_name = {"instruction": config.instruction}, "instruction"
        prepare(self.model, config)
        # As in the scorer: two words' logits may lie closer than bf16 can tell apart.
        head = self.model.transformers_model.get_output_embeddings()
        self._own_in_fp32 = list(self.model.keep_in_fp32_modules or [])
        self._in_fp32 = [name for name, module in self.model.named_modules() if module is head]
        self.model.set_keep_in_fp32_modules(self._own_in_fp32 + self._in_fp32)
        if config.lora_rank:
            _add_adapters(self.model.transformers_model, config)

    def scorer(self) -> Llm:
        """A scorer over the weights as they stand."""
        return Llm.over(self.model, ScoringOptions(precision=self.config.precision))

    def trainer(self, examples: Examples, folder: Path, steps: int) -> Any:
        """A trainer that reads pairs as the scorer does."""
        from inpars.train.families.pair_loss import pair_trainer

        pad_id = int(self.model.tokenizer.pad_token_id or 0)
        inputs = LastTokenInputs(tokens_of(self.model), pad_id, self.model.device)
        return pair_trainer(self.model, self.config, examples, folder, steps, inputs)

    def save(self, folder: Path) -> None:
        """Write the model with its adapters merged into its weights; it is used at the length it was trained at.

        A merged model needs neither peft nor the base, which may no longer be where it was, and
        scores as fast as the base does.
        """
        self.model.set_keep_in_fp32_modules(self._own_in_fp32)
        with merged(self.model.transformers_model):
            self.model.save_pretrained(str(folder), create_model_card=False)
        self.model.set_keep_in_fp32_modules(self._own_in_fp32 + self._in_fp32)


class LastTokenInputs(TokenInputs):
    """Inputs padded on the left, as `LogitScore` wants them: all end together, and only there logits are needed."""

    def chunks(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Chunk]:
        """Chunks of like length, the longest first, padded to the longest of each."""
        for places, features in super().chunks(pairs):
            mask = features["attention_mask"]
            width = mask.shape[1]
            shift = width - mask.sum(dim=1, keepdim=True)
            order = (torch.arange(width, device=mask.device) - shift) % width
            shifted: dict[str, Any] = {name: values.gather(1, order) for name, values in features.items()}
            yield places, shifted | {"logits_to_keep": 1}


def _add_adapters(model: Any, config: TrainConfig) -> None:
    from peft import LoraConfig

    targets = config.lora_targets
    model.add_adapter(
        LoraConfig(
            r=config.lora_rank,
            lora_alpha=config.lora_alpha,
            lora_dropout=config.lora_dropout,
            target_modules=targets[0] if targets == ("all-linear",) else list(targets),
        )
    )

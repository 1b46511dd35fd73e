"""Shapes of tiny causal models, what transformers itself makes of a prompt, and ways to ask ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inpars.models.language.base import Answer, Completion, Prompt, Sampling
from inpars.models.language.options import TransformersOptions
from inpars.models.language.transformers import TransformersModel

END = "<|end|>"

_SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_GROUPED = _SMALL | {"num_key_value_heads": 2, "head_dim": 8}
# By model type, what makes it small; heads in groups, windows and caps where the type has them.
SHAPES: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256, "rotary_dim": 4},
    "gpt_neox": _SMALL,
    "opt": _SMALL | {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "llama": _GROUPED,
    "qwen3": _GROUPED,
    "gemma": _GROUPED | {"num_key_value_heads": 1},
    "gemma2": _GROUPED | {"sliding_window": 12, "attn_logit_softcapping": 2.0},
    "mistral": _GROUPED | {"sliding_window": 12},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4, "max_position_embeddings": None},
    "gpt_neo": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "window_size": 8,
        "attention_types": [[["global", "local"], 1]],
    },
}
PREFIX = "Document: the shock layer of a slender cone.\nQuestion: what is the drag of a cone?\n\nDocument:"
ENDS = (
    " wing",
    " heat",
    " the plate in a jet flow",
    " 🎉 mach number 5",
    " is",
    " a blunt nose,\n\nand a body",
    " 東京",
)


class Library:
    """What transformers makes of a prompt alone."""

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = tokenizer

    def greedy(self, text: str, tokens: int) -> list[int]:
        """The tokens that `generate` writes, the end token among them."""
        ids = self.tokenizer(text, return_tensors="pt")
        written = self.model.generate(**ids, do_sample=False, max_new_tokens=tokens, pad_token_id=0)
        found: list[int] = written[0, ids["input_ids"].shape[1] :].tolist()
        return found

    def log_probs(self, text: str, token_ids: list[int]) -> list[float]:
        """Of given tokens after a prompt, in one pass over both."""
        import torch

        prompt = self.tokenizer(text)["input_ids"]
        with torch.inference_mode():
            logits = self.model(input_ids=torch.tensor([prompt + token_ids])).logits[0, len(prompt) - 1 : -1]
        found: list[float] = logits.log_softmax(-1)[range(len(token_ids)), token_ids].tolist()
        return found


def load(folder: Path, **options: Any) -> TransformersModel:
    """Our model, in fp32."""
    return TransformersModel.load(str(folder), TransformersOptions(**{"precision": "fp32", **options}))


def ask(model: TransformersModel, texts: Sequence[str], **sampling: Any) -> list[Answer]:
    """The answers to texts, in the texts' order; each text's number is its key."""
    prompts = [Prompt(str(number), text) for number, text in enumerate(texts)]
    answers = {answer.key: answer for answer in model.complete(prompts, Sampling(**sampling))}
    assert len(answers) == len(texts)
    return [answers[prompt.key] for prompt in prompts]


def only(answer: Answer) -> Completion:
    """The one completion of an answer."""
    assert not answer.error
    (completion,) = answer.completions
    return completion

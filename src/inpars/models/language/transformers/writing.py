"""Choosing how a model writes: with a shared prefix where its attention allows it, plainly where not."""

from __future__ import annotations

import os
from typing import Any

import torch

from inpars.errors import InparsError
from inpars.models.language.options import TransformersOptions
from inpars.models.language.transformers.decoding import Decoder
from inpars.models.language.transformers.plain import PlainDecoder
from inpars.models.language.transformers.windows import parameters
from inpars.progress import say

# Rows that a step writes together: more do not make a processor faster, but a GPU.
_ROWS = {"cpu": 64, "cuda": 512}
_CHUNK_TOKENS = {"cpu": 2048, "cuda": 16384}
# Models whose attention adds something of its own to the scores.
_BIASED = ("bloom", "mpt")
# Of the largest logit: what rounding may make of it, in fp32 and in shorter formats.
_TOLERANCE = {torch.float32: 1e-4}
_SHORT_TOLERANCE = 0.05


def writer_for(model: Any, tokenizer: Any, options: TransformersOptions) -> Decoder | PlainDecoder:
    """The fastest decoder that writes with `model` what the model itself would write."""
    device = model.get_input_embeddings().weight.device
    require_causal(model)
    rows = _ROWS.get(device.type, 64)
    batch_tokens = options.batch_tokens or _tokens_that_fit(model, device)
    if options.compile:
        model.forward = torch.compile(model.forward, dynamic=True)
    if options.share_prefix and shares_prefix(model):
        chunk_tokens = _CHUNK_TOKENS.get(device.type, 2048)
        return Decoder(model, tokenizer, rows=rows, chunk_tokens=chunk_tokens, batch_tokens=batch_tokens)
    if options.share_prefix:
        say(f"generate: {type(model).__name__} writes without a shared prefix: its attention is not of the common kind")
    return PlainDecoder(model, tokenizer, rows=rows, batch_tokens=batch_tokens)


def require_causal(model: Any) -> None:
    """`InparsError` where `model` is no causal language model."""
    if reads_ahead(model):
        raise InparsError(
            f"{type(model).__name__} is no causal language model: its output for a token depends on the next one",
            hint="choose a model that writes, such as GPT-2, Llama or Qwen; this one reads, as BERT does",
        )


def _tokens_that_fit(model: Any, device: torch.device) -> int:
    """How many tokens' keys and values a third of the memory holds that the model leaves.

    Of the machine's memory, not of what is free just now: rows that are written together must be the same ones
    in every process, for their log-probabilities depend on it in the last digits.
    """
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    element = next(model.parameters()).element_size()
    size = 2 * config.num_hidden_layers * heads * width * element
    # A packed model has its weights elsewhere than among its parameters.
    weights = parameters(model.config) * element
    if device.type == "cuda":
        free, memory = torch.cuda.mem_get_info(device)
        weights = sum(each.numel() * each.element_size() for each in model.parameters() if each.device == device)
        if free < (memory - weights) / 2:
            # Others work on it too: rows that do not fit would end everything.
            return max(1024, int(free / 3 / size))
    elif "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        memory = 16 << 30
    return max(1024, int((memory - weights) / 3 / size))


@torch.inference_mode()  # type: ignore[untyped-decorator]
def shares_prefix(model: Any) -> bool:
    """Whether `model` gives the same logits with a shared prefix as by itself, tried on two short rows.

    Layers that see only the last so many tokens would pass such a trial, and are looked for by name.
    """
    config = model.config.get_text_config()
    if config.model_type in _BIASED:
        return False
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return False
    if any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or ()):
        return False
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(1, config.vocab_size, (2, 24), generator=generator)
    ids[1, :18] = ids[0, :18]
    device = model.get_input_embeddings().weight.device
    expected = model(input_ids=ids.to(device)).logits[:, -1].float()
    try:
        found = Decoder(model, None, rows=2, chunk_tokens=64, batch_tokens=1024).last_logits(ids.tolist(), 18).float()
    except (AttributeError, TypeError, ValueError, LookupError, RuntimeError, AssertionError):
        return False
    return agree(found, expected, model)


@torch.inference_mode()  # type: ignore[untyped-decorator]
def reads_ahead(model: Any) -> bool:
    """Whether a token's logits change with the token after it, as an encoder's do."""
    ids = torch.tensor([[1, 1], [1, 2]], device=model.get_input_embeddings().weight.device)
    logits = model(input_ids=ids).logits[:, 0].float()
    return not agree(logits[0], logits[1], model)


def agree(found: torch.Tensor, expected: torch.Tensor, model: Any) -> bool:
    """Whether logits are the same but for rounding."""
    scale = expected.abs().max().clamp(min=1e-6)
    tolerance = _TOLERANCE.get(next(model.parameters()).dtype, _SHORT_TOLERANCE)
    return bool(((found - expected).abs().max() / scale) < tolerance)

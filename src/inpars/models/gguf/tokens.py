"""What a GGUF file's tokenizer says beyond what transformers reads: where answers end, how text is cut into words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from inpars.models.gguf.header import Header

_END_KEYS = ("eos", "eot", "eom")
# As llama.cpp knows them, by their text (`special_eog_ids` in its src/llama-vocab.cpp).
_END_TEXTS = (
    *("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>"),
    *("<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<｜end▁of▁sentence｜>", "<turn|>"),
)
_CONTROL, _USER_DEFINED = 3, 4

# By llama.cpp's names of pre-tokenizers: as GPT-2's, and as GPT-2's with every digit by itself.
_AS_GPT2 = ("", "default", "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "mellum")
_DIGITS_APART = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")


def end_ids(header: Header, tokenizer: Any, known: int | Iterable[int] | None) -> list[int]:
    """The tokens that end an answer: those that the file names, those known by their text, and those `known`."""
    ends = {known} if isinstance(known, int) else set(known or ())
    for key in _END_KEYS:
        found = header.metadata.get(f"tokenizer.ggml.{key}_token_id")
        ends |= {found} if isinstance(found, int) else set()
    kinds = header.metadata.get("tokenizer.ggml.token_type")
    vocabulary = tokenizer.get_vocab()
    for text in _END_TEXTS:
        place = vocabulary.get(text)
        if place is not None and isinstance(kinds, list) and place < len(kinds):
            ends |= {place} if kinds[place] in (_CONTROL, _USER_DEFINED) else set()
    return sorted(ends)


def cut_words(header: Header, tokenizer: Any) -> str:
    """Cut text into words as the file asks; returns the name of the way it asks for where that is not known.

    The library knows some of the ways, and takes GPT-2's for the others.
    """
    name = str(header.metadata.get("tokenizer.ggml.pre", ""))
    if header.metadata.get("tokenizer.ggml.model") != "gpt2" or name in _AS_GPT2 or name in _known_to_library():
        return ""
    if name not in _DIGITS_APART:
        return name
    from tokenizers import pre_tokenizers

    backend = tokenizer.backend_tokenizer
    digits = pre_tokenizers.Digits(individual_digits=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])
    return ""


def _known_to_library() -> Iterable[str]:
    try:
        from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
    except ImportError:  # an older version, which knows none
        return ()
    known: Iterable[str] = GGUF_PRE_TOKENIZER_SPLITS
    return known

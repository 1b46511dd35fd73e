"""A T5-small-shaped reranker with random weights, and a vocabulary of a corpus's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path


def make_small_t5(folder: Path, texts: Iterable[str]) -> None:
    """Save model, tokenizer and scheme (monoT5's) in `folder`, as from the hub."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    from inpars.models.scorers.scheme import SCHEMES

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    trainer = trainers.UnigramTrainer(
        vocab_size=16_000, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    cues = ["Query: Document: Relevant: true false"] * 1000
    tokenizer.train_from_iterator([*texts, *cues], trainer)
    state = json.loads(tokenizer.to_str())
    known = {piece for piece, _ in state["model"]["vocab"]}
    state["model"]["vocab"] += [[word, -9.0] for word in ("▁true", "▁false") if word not in known]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )
    torch.manual_seed(0)
    shape = {"d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 6, "num_heads": 8, "vocab_size": 32_128}
    T5ForConditionalGeneration(T5Config(**shape, decoder_start_token_id=0)).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    SCHEMES["monot5"].save(folder)

"""A T5 of the session: its SentencePiece-like tokenizer and a saved reranker with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def t5_tokenizer(toy_rows: list[dict[str, str]]) -> Any:
    """A Unigram tokenizer with T5's white-space rules and end token, trained on the toy documents."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    words = "Query Document Relevant Passage Is the following passage relevant to query true false yes no : ?"
    texts = [words, *(f"{row['title']} {row['text']}" for row in toy_rows)]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False, initial_alphabet=[]
    )
    tokenizer.train_from_iterator(texts * 20, trainer)
    # As in the real vocabulary, the target words are pieces of their own.
    saved = json.loads(tokenizer.to_str())
    saved["model"]["vocab"] += [[f"▁{word}", -4.0] for word in ("true", "false", "yes", "no")]
    tokenizer = Tokenizer.from_str(json.dumps(saved))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory: pytest.TempPathFactory, t5_tokenizer: Any) -> Path:
    """A T5-shaped model with random weights, saved without a scheme."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("t5") / "model"
    shape = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    config = T5Config(vocab_size=len(t5_tokenizer), decoder_start_token_id=0, pad_token_id=0, **shape)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    t5_tokenizer.save_pretrained(folder)
    return folder

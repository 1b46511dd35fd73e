"""The tokenizers that prompts are measured with: a real one, and the estimate."""

from __future__ import annotations

from typing import Any

import pytest

from inpars.models.language.base import Tokenizer
from inpars.models.language.tokenizers import EstimatedTokenizer, ModelTokenizer


@pytest.fixture(scope="session")
def byte_pairs() -> Any:
    """A byte-level BPE tokenizer, trained here on a few English sentences, so that it knows any character."""
    from tokenizers import Tokenizer as Base
    from tokenizers import decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Base(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the document and the query of the question about a thing"] * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>")


@pytest.fixture(params=["word pieces", "byte pairs", "estimate"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    if request.param == "estimate":
        return EstimatedTokenizer()
    name = "tiny_tokenizer" if request.param == "word pieces" else "byte_pairs"
    return ModelTokenizer(request.getfixturevalue(name))

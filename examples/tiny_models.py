"""Make a tiny GPT-2 and a tiny T5 with random weights, whose tokenizers are trained on a corpus.

    python tiny_models.py CORPUS FOLDER

leaves FOLDER/gpt2 and FOLDER/t5. They load without a network and answer in no time, so that a pipeline
can be tried from end to end; what they write and how they rank means nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.utils.logging import disable_progress_bar

from inpars import open_corpus

DOCUMENTS = 500
"""Documents that a tokenizer is trained on."""

PROMPT_WORDS = " Query: Document: Relevant: true false"


def texts(corpus: str) -> Iterator[str]:
    """Some of the corpus, and the words that rerankers are asked in."""
    yield from (PROMPT_WORDS for _ in range(100))
    yield from (document.contents for document in islice(open_corpus(corpus), DOCUMENTS))


def tokenizer(corpus: str, *, ends: bool) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer; `ends` puts </s> after every text, as T5's does."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=["<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts(corpus), trainer)
    if ends:
        made.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
        )
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def make(corpus: str, folder: Path) -> None:
    """Save both models."""
    disable_progress_bar()
    torch.manual_seed(1)
    words = tokenizer(corpus, ends=False)
    gpt2 = GPT2Config(
        vocab_size=len(words),
        n_positions=4096,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=1,
        eos_token_id=1,
        pad_token_id=0,
        # Small weights, or tied ones, would have a model that has learnt nothing say the same to every document.
        initializer_range=0.5,
        tie_word_embeddings=False,
    )
    writer = GPT2LMHeadModel(gpt2)
    # A token that begins with a blank (which byte-level BPE writes as this letter) is most often a whole word.
    inside = [number for token, number in words.get_vocab().items() if not token.startswith("Ġ")]
    with torch.no_grad():
        writer.lm_head.weight[inside] *= 0.1
    writer.save_pretrained(folder / "gpt2")
    words.save_pretrained(folder / "gpt2")
    words = tokenizer(corpus, ends=True)
    t5 = T5Config(
        vocab_size=len(words),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    T5ForConditionalGeneration(t5).save_pretrained(folder / "t5")
    words.save_pretrained(folder / "t5")


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))

"""Triples of the toy documents, and a seq2seq base with random weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

import inpars


@pytest.fixture(scope="session")
def toy_triples(toy_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three synthetic queries for each toy document, with two BM25 negatives each."""
    folder = tmp_path_factory.mktemp("triples")
    queries = inpars.generate(toy_corpus, folder / "queries.jsonl", queries_per_document=3)
    return inpars.mine_negatives(queries, toy_corpus, folder / "triples.jsonl", negatives_per_query=2)


@pytest.fixture(scope="session")
def tiny_seq2seq(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any) -> Path:
    """A T5-shaped model with random weights, whose tokenizer knows monoT5's words."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.add_tokens(["query", "document", "relevant", "true", "false", ":"])
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "seq2seq"
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=3,
        dropout_rate=0.1,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder

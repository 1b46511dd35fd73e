"""Tiny models as engines take them, and inputs for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpars.models.scorers.tokens import Tokens

VOCABULARY = 120


@pytest.fixture(scope="session")
def tiny_seq2seq() -> Callable[..., Any]:
    """Make a T5-shaped reranker: random weights, the same each time; keywords go to its configuration."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from inpars.models.scorers.seq2seq import TargetLogits

    def make(**options: Any) -> TargetLogits:
        torch.manual_seed(0)
        shape = {"vocab_size": VOCABULARY, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
        config = T5Config(**{**shape, "decoder_start_token_id": 0, "pad_token_id": 0, **options})
        return TargetLogits(T5ForConditionalGeneration(config).eval(), (5, 9), shrink=True)

    return make


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Any) -> Callable[..., Any]:
    """Make a cross-encoder of some architecture ("Bert", "DistilBert" …), with weights as random as `tiny_seq2seq`'s.

    Keywords go to its configuration. The weights are large, so that scores lie apart.
    """
    import torch
    import transformers
    from sentence_transformers import CrossEncoder

    from inpars.models.scorers.cross_encoder import Classifier

    shape = {
        "vocab_size": max(VOCABULARY, len(tiny_tokenizer)),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 512,
        "initializer_range": 0.2,
        "num_labels": 1,
    }

    def make(architecture: str = "Bert", **options: Any) -> Classifier:
        torch.manual_seed(0)
        config = getattr(transformers, f"{architecture}Config")(**{**shape, **options})
        folder: Path = tmp_path_factory.mktemp("classifier")
        getattr(transformers, f"{architecture}ForSequenceClassification")(config).save_pretrained(folder)
        tiny_tokenizer.save_pretrained(folder)
        return Classifier(CrossEncoder(str(folder), device="cpu"))

    return make


@pytest.fixture(scope="session")
def some_inputs() -> Callable[..., list[Tokens]]:
    """Make inputs of the lengths given, of random tokens; with `types` the second half of each is a second segment."""

    def make(lengths: Sequence[int], types: bool = False, seed: int = 0) -> list[Tokens]:
        random = np.random.default_rng(seed)
        segments = [np.repeat([0, 1], [length - length // 2, length // 2]).astype(np.int64) for length in lengths]
        return [
            Tokens(random.integers(4, VOCABULARY, length), segment if types else None)
            for length, segment in zip(lengths, segments, strict=True)
        ]

    return make


@pytest.fixture(scope="session")
def same_order() -> Callable[[np.ndarray, np.ndarray], bool]:
    """Whether every two inputs that lie well apart in some scores, shape (n, 1) or (n, 2), are in order in others."""
    from inpars.models.scorers.pairs import one_score

    def hold(exact: np.ndarray, coarse: np.ndarray) -> bool:
        wanted, found = one_score(exact), one_score(coarse)
        gaps, others = wanted[:, None] - wanted, found[:, None] - found
        apart = np.abs(gaps) > 0.1 * np.ptp(wanted)
        assert apart.sum() > len(wanted)
        return bool((np.sign(gaps) == np.sign(others))[apart].all())

    return hold

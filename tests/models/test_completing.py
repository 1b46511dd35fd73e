"""Checkpoints as they come: no token for padding, no limit, fewer positions than they say, weights in 16 bits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families import FAMILIES

LONG = "wing lift drag flow shock layer heat plate speed sound pressure " * 12
QUERIES = {"q": "what is lift", "r": "heat"}
DOCUMENTS = {"long": LONG, "short": "drag flow"}
CANDIDATES = {query_id: list(DOCUMENTS) for query_id in QUERIES}
SIZES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}


@pytest.fixture
def saved(tiny_tokenizer: Any, tmp_path: Path) -> Callable[..., str]:
    """A model of a class of transformers, in a folder, with random weights."""

    def make(kind: Any, dtype: Any = torch.float32, pad: bool = True, limit: int | None = 64, **config: Any) -> str:
        tokenizer = copy.deepcopy(tiny_tokenizer)
        tokenizer.eos_token = "[SEP]"
        tokenizer.model_max_length = limit or int(1e30)
        if not pad:
            tokenizer.pad_token = None
        torch.manual_seed(0)
        kind(kind.config_class(vocab_size=len(tokenizer), **config)).to(dtype).save_pretrained(tmp_path / "model")
        tokenizer.save_pretrained(tmp_path / "model")
        return str(tmp_path / "model")

    return make


def scores(model: Any, family: str) -> list[float]:
    scorer = load_scorer(model, ScoringOptions(family=family, device="cpu", precision="fp32"))
    run = scorer.score(QUERIES, DOCUMENTS, CANDIDATES)
    return [run[query_id][doc_id] for query_id in QUERIES for doc_id in DOCUMENTS]


def trained(model: str, family: str, folder: Path) -> str:
    """The model after a step of training, saved."""
    triples = [Triple(f"q{n}", f"what is {word}", "long", ["short"]) for n, word in enumerate(("lift", "heat"))]
    corpus = MemoryCorpus([Document(doc_id, text) for doc_id, text in DOCUMENTS.items()])
    config = TrainConfig(family=family, base_model=model, loss="softmax", batch_size=2, device="cpu", precision="fp32")
    trainee = FAMILIES[family](model, config)
    trainee.trainer(Examples(triples, corpus, config), folder / "work", 1).train()
    trainee.save(folder / "trained")
    return str(folder / "trained")


def works(model: str, family: str, folder: Path, *, untrained: bool = True) -> None:
    if untrained:
        assert len(set(scores(model, family))) == 4
    assert len(set(scores(trained(model, family, folder), family))) == 4


def test_a_decoder_that_classifies_without_a_token_for_padding(saved: Any, tmp_path: Path) -> None:
    from transformers import LlamaForSequenceClassification

    works(saved(LlamaForSequenceClassification, pad=False, num_labels=1, **SIZES), "cross-encoder", tmp_path)


def test_a_decoder_that_embeds_without_a_token_for_padding(saved: Any, tmp_path: Path) -> None:
    from transformers import LlamaModel

    works(saved(LlamaModel, pad=False, **SIZES), "bi-encoder", tmp_path)


@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder"])
def test_positions_are_fewer_than_their_rows_where_padding_has_some(family: str, saved: Any, tmp_path: Path) -> None:
    from transformers import RobertaForSequenceClassification, RobertaModel

    kind = RobertaModel if family == "bi-encoder" else RobertaForSequenceClassification
    heads = {} if family == "bi-encoder" else {"num_labels": 1}
    model = saved(kind, limit=None, max_position_embeddings=34, pad_token_id=1, **SIZES, **heads)
    works(model, family, tmp_path)
    scorer = load_scorer(model, ScoringOptions(family=family, device="cpu"))
    assert (scorer.max_length if family == "bi-encoder" else scorer.tokens.max_length) == 32


@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder"])
def test_a_model_that_knows_no_limit(family: str, saved: Any, tmp_path: Path) -> None:
    from transformers import T5EncoderModel, T5ForSequenceClassification

    kind = T5EncoderModel if family == "bi-encoder" else T5ForSequenceClassification
    sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}
    heads = {} if family == "bi-encoder" else {"num_labels": 1}
    # The classifier reads the last end of a text, which each of ours has.
    works(saved(kind, limit=None, pad_token_id=0, eos_token_id=3, **sizes, **heads), family, tmp_path)
    scorer = load_scorer(tmp_path / "model", ScoringOptions(family=family, device="cpu"))
    if family == "bi-encoder":
        assert scorer.batch_size == 32
    else:
        assert scorer.tokens.max_length == 512


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder"])
def test_weights_in_16_bits_are_computed_with_and_trained_in_fp32(
    family: str, dtype: Any, saved: Any, tmp_path: Path
) -> None:
    from safetensors.torch import load_file
    from transformers import BertForSequenceClassification, BertModel

    kind = BertModel if family == "bi-encoder" else BertForSequenceClassification
    heads = {} if family == "bi-encoder" else {"num_labels": 1}
    works(saved(kind, dtype, max_position_embeddings=64, **SIZES, **heads), family, tmp_path)
    weights = load_file(tmp_path / "trained" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float32}


def test_static_embeddings_read_all_of_a_text(tiny_tokenizer: Any, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    torch.manual_seed(0)
    # A copy: other tests have it cut texts in their ways.
    tokenizer = Tokenizer.from_str(tiny_tokenizer.backend_tokenizer.to_str())
    tokenizer.no_truncation()
    module = StaticEmbedding(tokenizer, embedding_dim=32)
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(str(tmp_path / "m"), create_model_card=False)
    works(str(tmp_path / "m"), "bi-encoder", tmp_path)


def test_an_adapter_of_a_bi_encoder_is_merged_into_it(tiny_bi_encoder: Path, tmp_path: Path) -> None:
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(0)
    model = SentenceTransformer(str(tiny_bi_encoder), device="cpu")
    model.add_adapter(LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    model.save_pretrained(str(tmp_path / "adapter"), create_model_card=False)
    assert not (tmp_path / "adapter" / "model.safetensors").exists()
    embedded = [model.encode(list(texts.values()), normalize_embeddings=True) for texts in (QUERIES, DOCUMENTS)]
    assert scores(tmp_path / "adapter", "bi-encoder") == pytest.approx(
        (embedded[0] @ embedded[1].T).flatten().tolist(), abs=1e-5
    )
    whole = trained(str(tmp_path / "adapter"), "bi-encoder", tmp_path)
    assert (Path(whole) / "model.safetensors").exists()
    assert scores(whole, "bi-encoder") != scores(tmp_path / "adapter", "bi-encoder")

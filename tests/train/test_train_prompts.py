"""A bi-encoder's prompts stand before every text that is tokenised, in training and wherever the model is used."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.errors import OptionError
from inpars.filter.near_embeddings import near_embeddings
from inpars.filter.options import DuplicatesOptions

FAST = {"batch_size": 8, "held_out_queries": 10, "held_out_depth": 10, "max_length": 48, "max_steps": 2, "keep": "last"}
NAMES = {"query": "query: ", "passage": "passage: "}


@pytest.fixture
def e5(tiny_bi_encoder: Path, tmp_path: Path) -> Path:
    """A bi-encoder that calls its passages' prompt "passage", as E5 does."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tiny_bi_encoder), device="cpu")
    model.prompts = dict(NAMES)
    model.save_pretrained(str(tmp_path / "e5"), create_model_card=False)
    return tmp_path / "e5"


@pytest.fixture
def tokenised(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many texts the tokenizer is given, by their prompt; "" for those without one."""
    from transformers import PreTrainedTokenizerBase

    seen: Counter[str] = Counter()
    call = PreTrainedTokenizerBase.__call__

    def counted(self: Any, text: Any = None, *args: Any, **kwargs: Any) -> Any:
        for one in [text] if isinstance(text, str) else text or ():
            seen[next((prompt for prompt in NAMES.values() if one.startswith(prompt)), "")] += 1
        return call(self, text, *args, **kwargs)

    monkeypatch.setattr(PreTrainedTokenizerBase, "__call__", counted)
    return seen


def all_have_one(tokenised: Counter[str]) -> bool:
    found = dict(tokenised)
    tokenised.clear()
    return "" not in found and found.keys() == set(NAMES.values())


@pytest.mark.parametrize("loss", ["in-batch", "softmax", "pointwise"])
@pytest.mark.parametrize("by", ["its files", "options"])
def test_training_and_choosing_weights(
    by: str,
    loss: str,
    e5: Path,
    tiny_bi_encoder: Path,
    tokenised: Any,
    toy_triples: Path,
    toy_corpus: Path,
    tmp_path: Any,
) -> None:
    given = {"query_prompt": "query: ", "passage_prompt": "passage: "} if by == "options" else {}
    base = str(e5 if by == "its files" else tiny_bi_encoder)
    model = inpars.train(toy_triples, toy_corpus, tmp_path / "m", base_model=base, loss=loss, **given, **FAST)
    assert all_have_one(tokenised)
    stated = json.loads((model / "config_sentence_transformers.json").read_text())["prompts"]
    assert (stated["query"], stated["document"]) == ("query: ", "passage: ")
    facts = json.loads((model / "inpars.json").read_text())
    assert (facts["query_prompt"], facts["passage_prompt"]) == ("query: ", "passage: ")
    assert '| prompt of a passage | "passage: " |' in (model / "README.md").read_text()
    inpars.rerank(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "r.trec", model=model, top_k=5)
    assert all_have_one(tokenised)


def test_search_reranking_and_negatives(
    e5: Path, tokenised: Counter[str], toy_corpus: Path, toy_triples: Path, tmp_path: Path
) -> None:
    queries = toy_corpus / "queries.jsonl"
    inpars.search(toy_corpus, queries, tmp_path / "s.trec", first_stage="dense", retriever=e5, top_k=5)
    assert all_have_one(tokenised)
    inpars.rerank(toy_corpus, queries, tmp_path / "r.trec", model=e5, top_k=5)
    assert all_have_one(tokenised)
    synthetic = toy_triples.with_name("queries.jsonl")
    aware = {"positive_aware": {"max_share": 0.95, "scorer": str(e5)}, "teacher": str(e5), "top_k": 10}
    inpars.mine_negatives(synthetic, toy_corpus, tmp_path / "n.jsonl", retriever=str(e5), **aware)
    assert all_have_one(tokenised)


def test_options_reach_every_user_of_a_model_without_prompts(
    tiny_bi_encoder: Path, tiny_cross_encoder: Path, tokenised: Counter[str], toy_corpus: Path, toy_triples: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    model, queries = str(tiny_bi_encoder), toy_corpus / "queries.jsonl"
    prompts = {"query_prompt": "query: ", "passage_prompt": "passage: "}
    of_retriever = {f"retriever_{name}": text for name, text in prompts.items()}
    dense = {"first_stage": "dense", "retriever": model, "top_k": 5}
    inpars.search(toy_corpus, queries, tmp_path / "s.trec", **dense, **prompts)
    assert all_have_one(tokenised)
    inpars.rerank(toy_corpus, queries, tmp_path / "r.trec", model=model, **dense, **prompts, **of_retriever)
    assert all_have_one(tokenised)
    synthetic = toy_triples.with_name("queries.jsonl")
    mined = {"retriever": model, "teacher": model, "top_k": 10, **of_retriever, "scoring": prompts}
    inpars.mine_negatives(synthetic, toy_corpus, tmp_path / "n.jsonl", **mined)
    assert all_have_one(tokenised)
    consistency = {"retriever": model, "reranker": model, "depth": 5, **prompts, **of_retriever}
    inpars.filter(synthetic, tmp_path / "f.jsonl", corpus=toy_corpus, methods=["consistency"], consistency=consistency)
    assert all_have_one(tokenised)
    duplicates = DuplicatesOptions(kind="embeddings", model=model, query_prompt="query: ")
    near_embeddings(["wing lift", "heat plate"], 0.95, duplicates, tmp_path / "near")
    assert tokenised.keys() == {"query: "}


@pytest.mark.parametrize("family", ["cross-encoder", "seq2seq", "llm"])
def test_only_a_bi_encoder_is_trained_with_prompts(family: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="query_prompt and passage_prompt are of a bi-encoder"):
        inpars.train("triples.jsonl", "corpus", tmp_path / "model", family=family, query_prompt="query: ")


@pytest.mark.parametrize(
    ("stage", "options", "told"),
    [
        ("search", {"query_prompt": "Q: "}, "plays no part in first_stage bm25"),
        ("rerank", {"retriever_query_prompt": "Q: "}, "plays no part in first_stage bm25"),
        ("rerank", {"query_prompt": "Q: "}, "are a bi-encoder's, and .* is a cross-encoder"),
    ],
)
def test_prompts_that_nothing_would_read(
    stage: str, options: dict[str, str], told: str, toy_corpus: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    model = {"model": tiny_cross_encoder} if stage == "rerank" else {}
    with pytest.raises(OptionError, match=told):
        getattr(inpars, stage)(toy_corpus, toy_corpus / "queries.jsonl", tmp_path / "r.trec", **model, **options)
    assert not list(tmp_path.iterdir())


def test_negatives_prompts_are_of_one_dense_retriever(toy_corpus: Path, toy_triples: Path, tmp_path: Path) -> None:
    queries = toy_triples.with_name("queries.jsonl")
    for retriever, told in (("bm25", "there is none"), (["a/b", "c/d"], "several have theirs in their own files")):
        with pytest.raises(OptionError, match=told):
            inpars.mine_negatives(
                queries, toy_corpus, tmp_path / "n.jsonl", retriever=retriever, retriever_query_prompt="Q: "
            )

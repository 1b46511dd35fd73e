"""Which prompts a bi-encoder reads: by whatever names it has them, or as the options say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpars.errors import InputError, OptionError
from inpars.models.scorers import prompts as module
from inpars.models.scorers.bi_encoder import BiEncoder, load_bi_encoder
from inpars.models.scorers.options import PromptOptions, ScoringOptions
from inpars.models.scorers.prompts import check_prompts, prompts_of

NONE = PromptOptions()
FILE = "config_sentence_transformers.json"


@pytest.fixture
def stating(tiny_bi_encoder: Path, tmp_path: Path) -> Callable[..., Path]:
    """A bi-encoder that states these prompts."""

    def make(prompts: Any, default: str | None = None, name: str = "model") -> Path:
        folder = tmp_path / name
        shutil.copytree(tiny_bi_encoder, folder)
        config = json.loads((folder / FILE).read_text())
        (folder / FILE).write_text(json.dumps(config | {"prompts": prompts, "default_prompt_name": default}))
        return folder

    return make


@pytest.mark.parametrize(
    ("named", "default", "query", "passage"),
    [
        ({}, None, "", ""),
        ({"query": "Q: ", "document": "D: "}, None, "Q: ", "D: "),
        # sentence-transformers 6 has an empty "document" for every model.
        ({"query": "Q: ", "document": "", "passage": "D: "}, None, "Q: ", "D: "),
        ({"query": "Q: ", "document": "", "corpus": "D: "}, None, "Q: ", "D: "),
        ({"query": "", "document": "", "search_query": "Q: ", "search_document": "D: "}, None, "Q: ", "D: "),
        ({"retrieval.query": "Q: ", "retrieval.passage": "D: ", "separation": "S: "}, None, "Q: ", "D: "),
        ({"Query": "Q: ", "Document": "D: "}, None, "Q: ", "D: "),
        ({"query": "Q: ", "Retrieval-query": "R: ", "document": "D: "}, None, "Q: ", "D: "),
        ({"s2p_query": "Q: ", "s2s_query": "S: "}, None, "Q: ", ""),
        ({"s2p_query": "Q: ", "s2s_query": "S: "}, "s2s_query", "S: ", ""),
        ({"query": "", "document": "", "web_query": "Q: "}, "web_query", "Q: ", ""),
        # A name that says neither stands before both, as `encode` has it.
        ({"query": "", "document": "", "any": "A: "}, "any", "A: ", "A: "),
        ({"query": "Q: ", "document": "", "any": "A: "}, "any", "Q: ", "A: "),
        ({"classification": "C: ", "clustering": "K: "}, None, "", ""),
    ],
)
def test_prompts_by_any_name(named: dict[str, str], default: str | None, query: str, passage: str) -> None:
    assert prompts_of(named, default, NONE) == (query, passage)


def test_where_two_may_be_meant_neither_is_guessed() -> None:
    named = {"web_query": "W: ", "chat_query": "C: ", "document": "D: "}
    with pytest.raises(OptionError, match=r"several prompts that may be for a query: 'web_query' \('W: '\), 'chat"):
        prompts_of(named, None, NONE)
    assert prompts_of(named, "chat_query", NONE) == ("C: ", "D: ")
    assert prompts_of(named, None, PromptOptions(query_prompt="W: ")) == ("W: ", "D: ")


@pytest.mark.parametrize("given", ["G: ", ""])
def test_what_is_given_counts_and_is_saved_with_the_model(given: str, stating: Any, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    stated = {"s2p_query": "Q: ", "passage": "D: ", "any": "A: "}
    model = load_bi_encoder(str(stating(stated, "any")), "cpu", PromptOptions(query_prompt=given))
    model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    again = load_bi_encoder(str(tmp_path / "saved"), "cpu", NONE)
    plain = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    for loaded in (model, again, plain):
        assert (loaded.prompts["query"], loaded.prompts["document"]) == (given, "D: ")


def test_plain_sentence_transformers_embeds_with_a_saved_model_as_the_scorer_does(stating: Any, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    options = ScoringOptions(precision="fp32", device="cpu", query_prompt="wing ")
    scorer = BiEncoder(stating({"query": "heat ", "passage": "jet nose "}), options)
    assert scorer.prompts == ("wing ", "jet nose ")
    scorer.model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    plain, text = SentenceTransformer(str(tmp_path / "saved"), device="cpu"), ["lift and drag"]
    bare = plain.encode(text)
    for ours, theirs in (
        (scorer.embed_queries(text), plain.encode_query(text)),
        (scorer.embed_documents(text), plain.encode_document(text)),
    ):
        assert np.allclose(ours, theirs, atol=1e-6)
        assert not np.allclose(ours, bare, atol=1e-3)


@pytest.mark.parametrize("prompts", [None, ["query: "], {"query": 3}])
def test_prompts_that_are_no_texts(prompts: Any, stating: Any) -> None:
    with pytest.raises(InputError, match=rf"{FILE}: expected an object of names and texts in 'prompts'; found"):
        BiEncoder(stating(prompts), ScoringOptions())


def test_prompts_are_given_for_a_bi_encoder(tiny_cross_encoder: Path, tiny_bi_encoder: Path) -> None:
    given = PromptOptions(passage_prompt="D: ")
    check_prompts(given, [str(tiny_cross_encoder), str(tiny_bi_encoder)])
    check_prompts(given, ["@draft"])
    check_prompts(NONE, [str(tiny_cross_encoder)])
    with pytest.raises(OptionError, match=r"are a bi-encoder's, and .* is a cross-encoder"):
        check_prompts(given, [str(tiny_cross_encoder)])
    with pytest.raises(OptionError, match="are a bi-encoder's, and no model scores"):
        check_prompts(given, [])


@pytest.fixture
def advice(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(module, "say", told.append)
    module.advise.cache_clear()
    module.say_unread.cache_clear()
    return told


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("e5-base-v2", "'query: '", "'passage: '"),
        ("multilingual-e5-small", "'query: '", "'passage: '"),
        ("bge-base-en-v1.5", "'Represent this sentence for searching relevant passages: '", "none for passages"),
        ("snowflake-arctic-embed-m", "'Represent this sentence for searching relevant passages: '", "none"),
        ("snowflake-arctic-embed-l-v2.0", "'query: '", "none for passages"),
        ("nomic-embed-text-v1.5", "'search_query: '", "'search_document: '"),
        ("Qwen3-Embedding-0.6B", "'Instruct: Given a web search query, ", "none for passages"),
    ],
)
def test_a_family_that_needs_prompts_is_named_once_and_nothing_is_taken(
    name: str, query: str, passage: str, stating: Any, advice: list[str]
) -> None:
    model = str(stating({}, name=name))
    for _ in range(2):
        assert BiEncoder(model, ScoringOptions(device="cpu")).prompts == ("", "")
    assert len(advice) == 1
    assert query in advice[0]
    assert passage in advice[0]


def test_a_recorded_name_is_enough(stating: Any, advice: list[str]) -> None:
    model = stating({}, name="mine")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"_name_or_path": "intfloat/e5-large"}))
    BiEncoder(model, ScoringOptions(device="cpu"))
    assert "query: " in advice[0]


@pytest.mark.parametrize("why", ["given", "stated", "trained here", "another name"])
def test_no_advice_where_none_is_needed(why: str, stating: Any, advice: list[str]) -> None:
    model = stating(
        {"query": "Q: "} if why == "stated" else {}, name="gte-base" if why == "another name" else "e5-base"
    )
    if why == "trained here":
        (model / "inpars.json").write_text("{}")
    BiEncoder(model, ScoringOptions(device="cpu", query_prompt="" if why == "given" else None))
    assert advice == []


@pytest.mark.parametrize(
    ("named", "given", "told"),
    [
        ({"q": "Q: ", "d": "D: "}, {}, "'q' ('Q: '), 'd' ('D: ') (options: query_prompt, passage_prompt)"),
        ({"instruction": "I: "}, {}, "'instruction' ('I: ') (options: query_prompt, passage_prompt)"),
        ({"query": "Q: ", "text": "T: "}, {}, "'text' ('T: ') (options: passage_prompt)"),
        ({"question": "Q: ", "answer": "A: "}, {}, "'answer' ('A: ') (options: passage_prompt)"),
        ({"zoekvraag": "Z: "}, {"query_prompt": "Z: "}, ""),
        ({"zoekvraag": "Z: "}, {"passage_prompt": ""}, "'zoekvraag' ('Z: ') (options: query_prompt)"),
        ({"q": "Q: "}, {"query_prompt": "", "passage_prompt": ""}, ""),
        ({"s2p_query": "Q: ", "s2s_query": "S: "}, {}, ""),
        ({"query": "Q: ", "document": "D: ", "clustering": "C: "}, {}, ""),
        ({"query": "", "document": ""}, {}, ""),
    ],
)
def test_prompts_that_are_passed_over_are_said_once(
    named: dict[str, str], given: dict[str, str], told: str, stating: Any, advice: list[str]
) -> None:
    model = str(stating(named))
    for _ in range(2):
        BiEncoder(model, ScoringOptions(device="cpu", **given))
    assert [line.rsplit("read: ", 1)[1] for line in advice] == ([told] if told else [])


def test_a_model_trained_here_was_trained_without_them(stating: Any, advice: list[str]) -> None:
    model = stating({"q": "Q: "})
    (model / "inpars.json").write_text("{}")
    BiEncoder(model, ScoringOptions(device="cpu"))
    assert advice == []

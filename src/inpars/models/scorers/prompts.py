"""Prompts of bi-encoders: what stands before a query and before a passage, whatever the model calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from inpars.errors import InputError, OptionError, shorten
from inpars.models.files import model_file, model_json
from inpars.models.locate import locate, why_absent
from inpars.models.scorers.options import PromptOptions
from inpars.progress import say

Side = Literal["query", "document"]

# Names in use, the first that is filled counts: "query" and "document" are those that sentence-transformers asks for.
_NAMES: dict[Side, tuple[str, ...]] = {
    "query": ("query", "queries", "question"),
    "document": ("document", "passage", "corpus", "documents", "passages", "doc"),
}
_OF_RETRIEVAL = ("retriev", "search", "s2p")
"""In the names that models of many tasks give to those of retrieval: search_query, s2p_query, retrieval.passage."""

_WEB_SEARCH = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
_SENTENCE = "Represent this sentence for searching relevant passages: "
_PUBLISHED = (
    (r"e5-mistral|e5-large-instruct|gte-qwen|sfr-embedding|linq-embed", f"{_WEB_SEARCH} ", ""),
    (r"\be5-(small|base|large)", "query: ", "passage: "),
    (r"\bbge-(small|base|large)-en", _SENTENCE, ""),
    (r"arctic-embed-[a-z]+-v2", "query: ", ""),
    (r"arctic-embed|mxbai-embed|uae-large", _SENTENCE, ""),
    (r"nomic-embed-text|modernbert-embed", "search_query: ", "search_document: "),
    (r"qwen3-embedding", _WEB_SEARCH, ""),
    (r"embeddinggemma", "task: search result | query: ", "title: none | text: "),
)
"""What model families that often come without stored prompts were trained with, as their authors publish it."""


class Prompts(NamedTuple):
    """What a bi-encoder reads before a query and before a passage; "" for nothing."""

    query: str
    passage: str


def prompts_of(named: Mapping[str, str], default: str | None, options: PromptOptions) -> Prompts:
    """The prompts of a bi-encoder: those that `options` give, else those that its files state.

    `named` and `default` are `prompts` and `default_prompt_name` of sentence-transformers. An empty prompt
    hides no filled one of another name. A default prompt whose name says neither query nor passage stands
    before both, where they have none of their own. `OptionError` where it is not clear which one is meant.
    """
    query, passage = options.query_prompt, options.passage_prompt
    return Prompts(
        _stated("query", named, default) if query is None else query,
        _stated("document", named, default) if passage is None else passage,
    )


def set_prompts(model: Any, options: PromptOptions) -> Prompts:
    """Have a `SentenceTransformer` state the prompts that `prompts_of` finds, as "query" and "document".

    `encode_query` and `encode_document` take these, here and wherever the model is loaded once it is saved.
    """
    found = prompts_of(model.prompts, model.default_prompt_name, options)
    for side, given in (("query", options.query_prompt), ("document", options.passage_prompt)):
        if given is not None:
            model.prompts = {name: given if _side(name) == side else text for name, text in model.prompts.items()}
            model.default_prompt_name = None
    model.prompts = {**model.prompts, "query": found.query, "document": found.passage}
    return found


def unread_prompts(named: Mapping[str, str], found: Prompts, options: PromptOptions) -> str:
    """The filled prompts of a model that may be meant for a side that has none, and the options for it; "" for none."""
    bare: dict[Side, str] = {}
    if not found.query and options.query_prompt is None:
        bare["query"] = "query_prompt"
    if not found.passage and options.passage_prompt is None:
        bare["document"] = "passage_prompt"
    # Others of a side that has one are for other tasks.
    unread = {name: text for name, text in named.items() if text and text not in found and _side(name) in (None, *bare)}
    told = ", ".join(f"{name!r} ({shorten(text)})" for name, text in unread.items())
    return f"{told} (options: {', '.join(bare.values())})" if bare and unread else ""


@cache
def say_unread(model: str, unread: str) -> None:
    """Say, once a model, which prompts are passed over; those of a model trained here were when it was trained."""
    if not model_file(model, "inpars.json"):
        say(f"model {model!r} states prompts whose names say neither query nor passage, and are not read: {unread}")


def require_prompts(model: str) -> None:
    """`InputError` where a model's files have something else than texts as prompts."""
    name = "config_sentence_transformers.json"
    prompts = model_json(model, name).get("prompts", {})
    if not isinstance(prompts, dict) or not all(isinstance(text, str) for text in prompts.values()):
        expected = "an object of names and texts in 'prompts'"
        raise InputError(str(model_file(model, name)), expected=expected, found=shorten(prompts))


def check_prompts(options: PromptOptions, models: Iterable[str]) -> None:
    """`OptionError` where prompts are given and none of the models is a bi-encoder; nothing is loaded.

    A model that a step of a recipe makes, or one that is not there, may be one.
    """
    from inpars.models.scorers import family_of

    if not options.gives_prompts:
        return
    families = {}
    for model in models:
        if model.startswith("@") or why_absent(locate(model)):
            return
        families[model] = family_of(locate(model))
    if "bi-encoder" not in families.values():
        told = ", ".join(f"{model!r} is a {family}" for model, family in families.items()) or "no model scores"
        raise OptionError(
            f"query_prompt and passage_prompt are a bi-encoder's, and {told}",
            hint="a dense first stage has retriever_query_prompt and retriever_passage_prompt; an llm, an instruction",
        )


@cache
def advise(model: str) -> None:
    """Say, once a model, which prompts its family was published with, where it states none and its name is known.

    They are never taken by themselves: a name tells nothing for certain.
    """
    if model_file(model, "inpars.json"):
        # It was trained here, as its files say.
        return
    parts = Path(model).parts
    names = [*parts[-2:], *(part for part in parts if part.startswith("models--"))]
    names += [
        str(model_json(model, file).get("_name_or_path", "")) for file in ("config.json", "0_Transformer/config.json")
    ]
    for name in names:
        for pattern, query, passage in _PUBLISHED:
            if re.search(pattern, name.lower()):
                of_passages = f" and the passage prompt {passage!r}" if passage else " and none for passages"
                say(
                    f"model {model!r} states no prompts, so texts are read as they are; models of its name were "
                    f"published with the query prompt {query!r}{of_passages} (options: query_prompt, passage_prompt)"
                )
                return


def _stated(side: Side, named: Mapping[str, str], default: str | None) -> str:
    filled = {name: text for name, text in named.items() if text}
    for name in _NAMES[side]:
        if name in filled:
            return filled[name]
    kin = {name: text for name, text in filled.items() if _side(name) == side}
    if default in kin:
        return kin[default]
    kin = {name: text for name, text in kin.items() if any(mark in name.lower() for mark in _OF_RETRIEVAL)} or kin
    if len(set(kin.values())) > 1:
        option = "--passage-prompt" if side == "document" else "--query-prompt"
        raise OptionError(
            f"the bi-encoder has several prompts that may be for a {side}: "
            + ", ".join(f"{name!r} ({shorten(text)})" for name, text in kin.items()),
            hint=f"give the text with {option}",
        )
    if kin:
        return next(iter(kin.values()))
    return filled.get(default, "") if default is not None and _side(default) is None else ""


def _side(name: str) -> Side | None:
    """Whether a prompt's name says query or document: `search_query`, `Retrieval-document`, `s2pQuery`."""
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", name).lower()))
    sides = [side for side, names in _NAMES.items() if words & set(names)]
    return sides[0] if len(sides) == 1 else None

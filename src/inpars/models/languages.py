"""Whether a model speaks the language of the documents, as far as its card and its tokenizer tell."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inpars.data.corpora import Corpus
from inpars.data.corpora.markdown import front_matter
from inpars.data.files import read_json
from inpars.data.languages import AUTO, LANGUAGES, language_of
from inpars.models.gguf.header import read_header
from inpars.models.gguf.kinds import is_gguf, why_unreadable
from inpars.models.locate import cached_file, source
from inpars.progress import say

_SAMPLE = 50
_UNKNOWN = 0.1
"""Share of the documents' tokens that a tokenizer does not know from which a model cannot read them."""
_SAME = {"nb": "no", "nn": "no"}


def say_unspoken(models: Sequence[str], corpus: Corpus, language: str = AUTO) -> None:
    """Print a hint for each of `models`, names or folders, that does not speak the language of `corpus`.

    Only models on the disk are looked at, each once in a process: a run's steps share models. Those that state no
    language pass where their tokenizer knows the words.
    """
    for model in models:
        folder = _folder(model)
        if folder is None or (pair := (model, corpus.fingerprint())) in _LOOKED_AT:
            continue
        _LOOKED_AT.add(pair)
        if stated := stated_languages(folder):
            spoken = language_of(corpus, language)
            if _SAME.get(spoken, spoken) not in stated:
                _say(
                    model, f"is a model for {', '.join(sorted(stated))} by its card, and the documents are in {spoken}"
                )
        elif (share := _unknown_share(folder, corpus)) > _UNKNOWN:
            _say(model, f"does not know {share:.0%} of the tokens of these documents")


_LOOKED_AT: set[tuple[str, str]] = set()


def _say(model: str, what: str) -> None:
    hint = "a multilingual model, such as intfloat/multilingual-e5-small for a bi-encoder, may serve better"
    say(f"hint: {model} {what}; {hint}")


def speaks(model: str, language: str) -> bool:
    """Whether a model on the disk, or an installed one such as "smollm2", says that it is for a language (ISO 639-1).

    False where there is no such model; True for one that states no language, as multilingual ones do.
    """
    folder = _folder(model)
    stated = stated_languages(folder) if folder is not None else frozenset()
    return folder is not None and (not stated or _SAME.get(language, language) in stated)


def stated_languages(folder: Path) -> frozenset[str]:
    """The languages (ISO 639-1) that a model's card, or the header of a file in GGUF, says it is for.

    None where it says none or "multilingual".
    """
    if folder.is_file():
        stated: Any = list(read_header(folder).languages)
    else:
        try:
            card, _ = front_matter((folder / "README.md").read_text(encoding="utf-8", errors="replace")) or ({}, "")
        except OSError:
            return frozenset()
        stated = card.get("language")
    codes = [str(code).lower() for code in (stated if isinstance(stated, list) else [stated])]
    if "multilingual" in codes:
        return frozenset()
    return frozenset(_SAME.get(code, code) for code in (code.split("-")[0] for code in codes) if code in LANGUAGES)


def _folder(model: str) -> Path | None:
    """The folder of a model, or its file in GGUF; None where neither is on the disk."""
    path = Path(source(model))
    if path.is_dir() or (is_gguf(path) and not why_unreadable(path)):
        return path
    found = cached_file(model, "tokenizer.json")
    return found.parent if found else None


def _unknown_share(folder: Path, corpus: Corpus) -> float:
    """The share of tokens of a few documents that are the tokenizer's unknown one; 0 where that is not known."""
    file = folder / "tokenizer.json"
    if not file.is_file() or importlib.util.find_spec("tokenizers") is None:
        return 0.0
    from tokenizers import Tokenizer

    try:
        tokenizer, model = Tokenizer.from_file(str(file)), read_json(file)["model"]
        # Unigram names it by its place, the others by its text; byte-level ones know every word.
        unknown = tokenizer.token_to_id(str(model.get("unk_token"))) if "unk_id" not in model else model["unk_id"]
    except Exception:  # whatever is wrong with the file is reported where the model is loaded
        return 0.0
    if unknown is None:
        return 0.0
    # A reranker's may be set to cut the second of two texts alone.
    tokenizer.no_truncation()
    texts = [document.contents[:500] for document in corpus.sample(_SAMPLE, 0)]
    ids = [i for encoding in tokenizer.encode_batch(texts, add_special_tokens=False) for i in encoding.ids]
    return ids.count(unknown) / len(ids) if ids else 0.0

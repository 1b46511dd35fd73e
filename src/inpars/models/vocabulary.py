"""Whether a model's tokenizer and its embedding fit: an id beyond the last row is an IndexError, or worse on a GPU.

A token was added (a mark for padding, say) and the model was not resized, or the two are of different models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from inpars.errors import InparsError

_ROLES = tuple(f"{role}_token" for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))


_OF_TOKENIZERS = re.compile(r"token|vocab|merges|bpe|\.(model|spm)$")
"""In the names of files that tokenizers are kept in, each family's own: vocab.txt, spiece.model …"""
_OF_NO_TOKENIZER = ("added_tokens.json", "special_tokens_map.json")
"""These are only beside one."""


def require_fit(model: str, tokenizer: Any, loaded: Any) -> None:
    """`InparsError` where the tokenizer of a loaded transformers model has ids that its embedding has no rows for."""
    try:
        rows = int(loaded.get_input_embeddings().weight.shape[0])
        vocabulary: dict[str, int] = tokenizer.get_vocab()
        added = {str(token): bool(token.special) for token in tokenizer.added_tokens_decoder.values()}
    except (AttributeError, NotImplementedError):
        # Other kinds of modules and tokenizers have ids of their own.
        return
    roles = {str(getattr(tokenizer, role, None)) for role in _ROLES}
    _check(model, vocabulary, rows, added, roles, str(getattr(tokenizer, "chat_template", "")))


def require_fit_of_files(model: str) -> None:
    """The same of the files of a model in a folder, without loading it: only where they tell for certain."""
    folder = _transformer_in(Path(model))
    config, tokenizer = _object(folder / "config.json"), _object(folder / "tokenizer.json")
    settings = _object(folder / "tokenizer_config.json")
    inner = config.get("text_config")
    rows = config.get("vocab_size", inner.get("vocab_size") if isinstance(inner, dict) else None)
    kind = tokenizer.get("model")
    pieces = kind.get("vocab") if isinstance(kind, dict) else None
    if not isinstance(rows, int) or not isinstance(pieces, (dict, list)) or (folder / "adapter_config.json").exists():
        return
    try:
        if isinstance(pieces, list):
            vocabulary = {str(piece[0]): place for place, piece in enumerate(pieces)}
        else:
            vocabulary = {str(piece): int(place) for piece, place in pieces.items()}
        added = {str(token["content"]): bool(token["special"]) for token in tokenizer.get("added_tokens", ())}
        vocabulary |= {str(token["content"]): int(token["id"]) for token in tokenizer.get("added_tokens", ())}
    except (KeyError, TypeError, ValueError, IndexError):
        return
    named = (settings, _object(folder / "special_tokens_map.json"))
    roles = {_content(source.get(role)) for source in named for role in _ROLES}
    template = folder / "chat_template.jinja"
    chat = template.read_text(encoding="utf-8", errors="replace") if template.is_file() else ""
    _check(model, vocabulary, rows, added, roles, f"{settings.get('chat_template', '')}{chat}")


def require_tokenizer_files(model: str) -> None:
    """`InparsError` where the folder of a transformers model has no file that a tokenizer could be read from."""
    folder = _transformer_in(Path(model))
    names = [path.name.lower() for path in folder.glob("*") if path.name not in _OF_NO_TOKENIZER]
    if "config.json" in names and not any(_OF_TOKENIZERS.search(name) for name in names):
        raise InparsError(
            f"model {model!r} cannot be loaded: it has no tokenizer that can be read",
            hint="save the tokenizer that it was trained with beside it: tokenizer.save_pretrained(folder)",
        )


def _check(
    model: str, vocabulary: Mapping[str, int], rows: int, added: Mapping[str, bool], roles: set[str], chat: str
) -> None:
    # A special token that nothing writes does no harm: so published models have marks for images beyond the last row.
    beyond = [
        (number, token)
        for token, number in vocabulary.items()
        if number >= rows and (not added.get(token) or token in roles or token in chat)
    ]
    if beyond:
        number, token = max(beyond)
        raise InparsError(
            f"model {model!r} cannot be used: its embedding has {rows:,} rows, and its tokenizer tokens with higher "
            f"ids, {len(beyond):,} of them, up to {token!r} with the id {number:,}",
            hint="were tokens added and the model not resized? model.resize_token_embeddings(len(tokenizer)) in "
            "transformers, then save both; or take the tokenizer that the model was trained with",
        )


def _transformer_in(folder: Path) -> Path:
    """Where sentence-transformers keeps the transformer of a model; the folder itself for any other."""
    modules = _json(folder / "modules.json")
    first = modules[0] if isinstance(modules, list) and modules and isinstance(modules[0], dict) else {}
    return folder / str(first.get("path", ""))


def _content(token: Any) -> str:
    return str(token.get("content") if isinstance(token, dict) else token)


def _object(path: Path) -> dict[str, Any]:
    value = _json(path)
    return value if isinstance(value, dict) else {}


def _json(path: Path) -> Any:
    """What a JSON file holds; None where there is none or it is none, which loading the model tells better."""
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None

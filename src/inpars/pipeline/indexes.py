"""Where the searches of a run keep their indexes: steps that search alike share one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def index_of(model: Path) -> Path:
    """Where the corpus lies as a model of this run has encoded it."""
    return model.with_name("index")


def with_indexes(options: Any, place_of: Callable[[str], Path | None]) -> Any:
    """A step's options, with an index's folder wherever they name a single retriever and no folder.

    `place_of` is given the retriever's name, bm25 among them, and says where the run keeps its index; None
    leaves it to the step. Several retrievers that are merged keep theirs in the step's own folder.
    """
    if isinstance(options, (list, tuple)):
        return type(options)(with_indexes(each, place_of) for each in options)
    if not isinstance(options, Mapping):
        return options
    found = {key: with_indexes(value, place_of) for key, value in options.items()}
    name = _retriever(found)
    if name is not None and found.get("index") is None:
        found["index"] = place_of(name)
    return found


def _retriever(options: Mapping[str, Any]) -> str | None:
    """The one retriever that options name, if they do."""
    if options.get("first_stage") in ("bm25", "hybrid"):
        return "bm25"
    named = options.get("retriever")
    if isinstance(named, (list, tuple)):
        return named[0] if len(named) == 1 else None
    return named or None

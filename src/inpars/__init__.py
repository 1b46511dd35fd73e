"""InPars: from a pile of unlabelled documents to a tuned, measured search model.

The public functions are one for each stage, plus `open_corpus`, `run` and `reproduce`. They load when first
used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inpars.data.corpora import open_corpus
    from inpars.download import download
    from inpars.evaluate import evaluate
    from inpars.filter import filter
    from inpars.generate import generate
    from inpars.generate.plan import plan
    from inpars.negatives import mine_negatives
    from inpars.pipeline import run
    from inpars.pipeline.reproduce import reproduce
    from inpars.rerank import rerank, search
    from inpars.train import train

__version__ = "1.0.0.dev0"
__all__ = [
    "download",
    "evaluate",
    "filter",
    "generate",
    "mine_negatives",
    "open_corpus",
    "plan",
    "reproduce",
    "rerank",
    "run",
    "search",
    "train",
]

# Stages are modules that can be called (see `callable_module`); the others are functions.
_STAGES = {"generate", "filter", "train", "rerank", "evaluate", "download"}
_FUNCTIONS = {
    "open_corpus": "inpars.data.corpora",
    "mine_negatives": "inpars.negatives",
    "plan": "inpars.generate.plan",
    "reproduce": "inpars.pipeline.reproduce",
    "run": "inpars.pipeline",
    "search": "inpars.rerank",
}


def __getattr__(name: str) -> Any:
    if name in _STAGES:
        return import_module(f"inpars.{name}")
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'inpars' has no attribute {name!r}")

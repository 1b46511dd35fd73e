"""InPars: from a pile of unlabelled documents to a tuned, measured search model.

    run             carry out a recipe, from documents to a measured model
    reproduce       carry out a published experiment, and compare with its figures
    open_corpus     documents: a folder, a file, ir_datasets:ID, hf:ID or python-docs
    plan            what generating will take, before anything is spent
    generate        write queries for documents
    filter          keep the queries that are worth training on
    mine_negatives  find documents that look relevant to a query and are not
    train           fine-tune a reranker or retriever
    search          search a corpus: the first stage alone
    rerank          rerank a first stage with a model
    fuse            fuse runs of the same queries into one
    evaluate        measure runs against judgments, and compare them
    download        published queries, rerankers, runs and few-shot examples

For example `inpars.run(corpus="python-docs", output="my-run")`. Every stage takes files (or an open corpus) and its
options by keyword, writes its output all or nothing, and returns where it lies: `help(inpars.train.train)` describes
one. They load when first used, so that importing the package costs nothing.
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
    from inpars.rerank import fuse, rerank, search
    from inpars.train import train

__version__ = "1.0.0.dev0"
__all__ = [
    "download",
    "evaluate",
    "filter",
    "fuse",
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
    "fuse": "inpars.rerank",
}


def __getattr__(name: str) -> Any:
    if name in _STAGES:
        return import_module(f"inpars.{name}")
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'inpars' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})

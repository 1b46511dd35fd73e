"""The nouns of a run: stages as recipes see them, the steps of a recipe, and what a run gives each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from inpars.data.corpora import Corpus
from inpars.data.test_sets import TestSet
from inpars.options import Options
from inpars.pipeline.references import is_reference, references, replaced

QUERIES, TRIPLES, MODEL, RUNS = "queries", "triples", "a model", "runs"
"""What steps give and take."""


@dataclass
class Context:
    """What a run gives its steps: the corpus, the test set (None: none), and the outputs so far.

    `finds_itself` says that the test queries are documents of the corpus under the same id, so that
    none may find itself.
    """

    folder: Path
    corpus: Corpus
    test_set: TestSet | None
    finds_itself: bool = False
    outputs: dict[str, Path] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A stage as recipes see it. `run` works in its own folder and returns the step's output."""

    name: str
    takes: tuple[str, ...]
    """Kinds of input, the one that is wanted most first; none where it takes the corpus alone."""
    gives: str
    config_path: str
    run: Callable[[Step, Context, Path], Path]
    check: Callable[[Step, Mapping[str, Step]], None] | None = None
    """Raises `OptionError` for what could only fail later; it is given the step and those before it."""

    def config(self) -> type[Options]:
        """The stage's options."""
        module, name = self.config_path.split(":")
        return cast(type[Options], getattr(importlib.import_module(module), name))


@dataclass(frozen=True)
class Step:
    """One step of a recipe: its stage, the earlier step whose output it takes ("" for none), its options."""

    name: str
    stage: Stage
    input: str
    options: Options

    def given(self) -> dict[str, Any]:
        """The options as keywords of the stage's function."""
        return self.options.model_dump()

    def resolved(self, outputs: Mapping[str, Path]) -> Step:
        """The step with the outputs of earlier ones in place of the references among its options."""
        options = self.options.model_dump()
        if not any(references(options)):
            return self
        found = replaced(options, lambda name: str(outputs[name]))
        searching = options.get("retriever")
        named = searching if isinstance(searching, tuple) else (searching,)
        if "index" in found and len(named) == 1 and is_reference(named[0]):
            # The corpus is encoded once for all the steps that search with this model.
            found["index"] = found["index"] or index_of(outputs[named[0][1:]])
        return replace(self, options=type(self.options).model_validate(found))

    @property
    def searches_by_bm25(self) -> bool:
        """Whether BM25 is all that the step searches with."""
        options = self.options.model_dump()
        return options.get("first_stage") == "bm25" or options.get("retriever") == ("bm25",)

    def sharing(self, folder: Path, earlier: Mapping[str, Step]) -> Step:
        """The step with the BM25 index of the first step of the run that searches so, unless it has its own.

        `folder` is the run's; `earlier` has the steps before as they were carried out.
        """
        options = self.options.model_dump()
        if not self.searches_by_bm25 or options.get("index") is not None:
            return self
        shared = (step.options.model_dump()["index"] for step in earlier.values() if step.searches_by_bm25)
        options["index"] = next(shared, folder / self.name / "index")
        return replace(self, options=type(self.options).model_validate(options))


def index_of(model: Path) -> Path:
    """Where the corpus lies as a model of this run has encoded it."""
    return model.with_name("index")

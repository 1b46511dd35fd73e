"""The nouns of a run: stages as recipes see them, the steps of a recipe, and what a run gives each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from inpars.data.corpora import Corpus
from inpars.data.test_sets import TestSet
from inpars.options import Options
from inpars.pipeline.indexes import index_of, with_indexes
from inpars.pipeline.references import is_reference, replaced

QUERIES, TRIPLES, MODEL, RUNS, METRICS = "queries", "triples", "a model", "runs", "metrics"
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
    """Raises `OptionError` for options that do not go together; it is given the step and those before it."""
    needs: Callable[[Step, Corpus | None, Sequence[Step]], Iterable[Callable[[], object]]] | None = None
    """Checks, each of which raises `InparsError` for what the step lacks, before the run begins. They are given the
    step, the corpus (None: it cannot be read, which is told already) and all steps."""

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

    def to_dict(self) -> dict[str, Any]:
        """The step as a recipe writes it, every option spelt out, as JSON values."""
        taken = {"input": self.input} if self.input else {}
        return {"stage": self.stage.name, **taken, **self.options.model_dump(mode="json")}

    def given(self) -> dict[str, Any]:
        """The options as keywords of the stage's function."""
        return self.options.model_dump()

    def resolved(self, context: Context) -> Step:
        """The step as it is carried out: earlier steps' outputs for references, the run's indexes for its searches."""

        def index(retriever: str) -> Path | None:
            if is_reference(retriever):
                return index_of(context.outputs[retriever[1:]])
            return context.folder / "index" if retriever == "bm25" else None

        options = with_indexes(self.options.model_dump(), index)
        options = replaced(options, lambda name: str(context.outputs[name]))
        return replace(self, options=type(self.options).model_validate(options))

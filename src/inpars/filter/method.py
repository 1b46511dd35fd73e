"""What a filter method is: queries and options in, one outcome a query out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from typing_extensions import Self

from inpars.data.corpora import Corpus
from inpars.data.files import read_jsonl, write_jsonl
from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.models.language.base import LanguageModel
from inpars.options import Options
from inpars.progress import track


@dataclass(frozen=True, slots=True)
class Dropped:
    """The query is not worth training on, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no verdict on the query, and why; the next run asks again."""

    cause: str


Outcome = Dropped | Failed | None
"""What becomes of a query; None keeps it."""


Reads = Literal["none", "of rows without text", "all"]


class MethodOptions(Options):
    """Options of one filter method."""

    needs_corpus: ClassVar[bool] = False
    """Whether the method reads the corpus that the queries were generated from."""
    needs_log_probs: ClassVar[bool] = False
    """Whether the method reads the log-probabilities, which queries have in memory only for one that does."""
    needs_extra: ClassVar[bool] = False
    """Whether the method reads or sets the fields of others, `extra`, which are as large; so too with these."""
    needs_prompt: ClassVar[bool] = False
    """Whether the method reads the prompts, which it gets without their documents (`{document}` in their place)."""
    asks_language_model: ClassVar[bool] = False
    """Whether the method asks a language model, which may be given ready."""

    @property
    def reads(self) -> Reads:
        """Which documents of the corpus the method cannot do without."""
        return "none"

    def for_corpus(self, corpus: Corpus) -> Self:
        """The options as they are for this corpus."""
        return self

    def inputs(self) -> dict[str, str]:
        """Fingerprints of the files (models, prompts) that the options name, by what they are."""
        return {}


class Context:
    """What a method may use besides the queries, and a memory of its scores that outlives a kill."""

    def __init__(
        self,
        folder: Path,
        name: str,
        corpus: Corpus | None = None,
        language_model: LanguageModel | None = None,
        unit_size: int = 1000,
    ) -> None:
        self.folder, self.name, self.language_model, self.unit_size = folder, name, language_model, unit_size
        self._corpus = corpus
        self.facts: dict[str, Any] = {}
        """What the method has to tell of its work (tokens, dollars and the like), for the sidecar."""
        self.failures: Counter[str] = Counter()
        """In how many earlier runs a query, by its id, `Failed`; `each` fills it before it asks."""

    @property
    def corpus(self) -> Corpus:
        """The corpus that the queries were generated from; `InparsError` where the stage was given none."""
        if self._corpus is None:
            raise no_corpus(self.name)
        return self._corpus

    def each(
        self,
        queries: Sequence[SyntheticQuery],
        ask: Callable[[Sequence[SyntheticQuery]], Sequence[Any]],
        *,
        at_once: bool = False,
    ) -> list[Any]:
        """A value for each query, from `ask` or, where it was asked before, from the units on disk.

        `ask` takes some of the queries and gives a JSON value or `Failed` for each; it is called with
        `unit_size` of them at most, and what it gave is safe on disk before the next call; with
        `at_once` it is called once, for a model that answers nothing before all of it is done. Of
        `Failed` only the number is remembered (`failures`), and nothing is once the stage has finished
        without errors.
        """
        known = self._remembered()
        # A query that stands twice in the file is asked once.
        waiting = list({query.query_id: query for query in queries if query.query_id not in known}.values())
        missing = iter(track(waiting, f"filter: {self.name}", len(waiting)))
        number = len(list(self.folder.glob("*.jsonl")))
        while unit := list(islice(missing, len(waiting) if at_once else self.unit_size)):
            values = {q.query_id: value for q, value in zip(unit, ask(unit), strict=True)}
            rows = [{"query_id": query_id} | _remembered_as(value) for query_id, value in values.items()]
            self.folder.mkdir(parents=True, exist_ok=True)
            write_jsonl(self.folder / f"{number:06d}.jsonl", rows)
            known |= values
            number += 1
        return [known[query.query_id] for query in queries]

    def _remembered(self) -> dict[str, Any]:
        """The values on disk, by query; counts the failures anew."""
        known: dict[str, Any] = {}
        self.failures.clear()
        for unit in sorted(self.folder.glob("*.jsonl")):
            for _, row in read_jsonl(unit):
                if "failed" in row:
                    self.failures[row["query_id"]] += 1
                else:
                    known[row["query_id"]] = row["value"]
        return known


def no_corpus(method: str) -> InparsError:
    """The error for a method that reads documents where the stage was given none."""
    return InparsError(
        f"the filter method {method!r} reads the documents, and no corpus was given",
        hint="give the corpus that the queries are from (--corpus; the toolkit's command: --dataset)",
    )


def no_log_probs() -> InparsError:
    """The error for queries none of which can be scored by its log-probabilities."""
    return InparsError(
        "the scores filter needs log-probabilities, and these queries have none",
        hint="generate with a backend that gives them, or leave 'scores' out of the filter's methods",
    )


def _remembered_as(value: Any) -> dict[str, Any]:
    return {"failed": value.cause} if isinstance(value, Failed) else {"value": value}


class Judge(Protocol):
    """A filter method; it sets a query's `scores[name]` and `score` where it has a number to give."""

    def __call__(self, queries: Sequence[SyntheticQuery], options: Any, context: Context) -> list[Outcome]:
        """The outcome of each query, in order."""
        ...

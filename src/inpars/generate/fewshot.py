"""Which labelled queries a language model is shown as examples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from inpars.data.corpora import Corpus
from inpars.data.fewshot import Example, read_examples
from inpars.data.records import Query
from inpars.data.splits import SPLITS, open_split
from inpars.errors import OptionError, unknown_name
from inpars.progress import say

T = TypeVar("T")

_WAYS_OUT = (
    "--fewshot FILE with your own (JSON lines of query and document), a prompt with examples of its own "
    "(inpars, inpars-gbq), or one without any (zero-shot, chain-of-thought)"
)


def choose_examples(spec: str, corpus_name: str, corpus: Corpus, n: int, seed: int) -> tuple[list[Example], str]:
    """Draw `n` examples; returns them and where they come from (a split, a file, "none").

    `spec` is a file of examples; `train`, `dev` or `test`, judged splits of the dataset that
    `corpus_name` names; `auto` for the first of the three that there is, as Promptagator and the
    InPars toolkit take them; or `none`. A query is shown with a document of its highest grade that the corpus
    has, and no document is shown twice. What is drawn depends on `seed` and on the ids, not on the order of files.
    Where there are fewer than `n`, all are taken, and it says so. `OptionError` where there are none.
    """
    if spec == "none" or n == 0:
        return [], "none"
    if spec == "auto" or spec in SPLITS or spec == "validation":
        examples, source = _of_dataset(spec, corpus_name, corpus, n, seed)
    elif Path(spec).is_file():
        examples, source = _of_file(Path(spec), n, seed), spec
    else:
        error = unknown_name("source of few-shot examples", spec, ("auto", "none", *SPLITS))
        raise OptionError(f"{error.message}: no such file either", hint=error.hint)
    if len(examples) < n:
        say(f"generate: {n} few-shot examples were asked for, {source} has {len(examples)}")
    return examples, source


def _of_file(path: Path, n: int, seed: int) -> list[Example]:
    """All examples in the file's order where there are no more than `n`, else `n` drawn ones."""
    examples = read_examples(path)
    if len(examples) <= n:
        return examples
    drawn = _drawn(examples, seed, lambda example: "\x1f".join((example.query_id, example.query, example.document)))
    return drawn[:n]


def _of_dataset(spec: str, corpus_name: str, corpus: Corpus, n: int, seed: int) -> tuple[list[Example], str]:
    wanted = SPLITS if spec == "auto" else ("dev" if spec == "validation" else spec,)
    for split in wanted:
        if (opened := open_split(corpus_name, split)) is None:
            continue
        examples = _of_split(*opened, corpus, n, seed)
        if examples:
            return examples, split
        if spec != "auto":
            raise OptionError(
                f"no relevant document of the split {split!r} is in the corpus {corpus_name}", hint=_WAYS_OUT
            )
    if spec == "auto":
        raise OptionError(
            f"the prompt shows few-shot examples, and {corpus_name} has no judged split to take them from",
            hint=_WAYS_OUT,
        )
    found = [split for split in SPLITS if split != wanted[0] and open_split(corpus_name, split) is not None]
    there = f"it has {', '.join(found)}" if found else "it has no judged split at all"
    raise OptionError(f"{corpus_name} has no judged split {spec!r}; {there}", hint=_WAYS_OUT)


def _of_split(
    queries: list[Query], qrels: dict[str, dict[str, int]], corpus: Corpus, n: int, seed: int
) -> list[Example]:
    examples: list[Example] = []
    shown: set[str] = set()
    for query in _drawn((query for query in queries if query.query_id in qrels), seed, lambda query: query.query_id):
        for doc_id in _best_first(qrels[query.query_id], seed):
            document = corpus[doc_id].contents if doc_id in corpus else ""
            if document.strip() and doc_id not in shown:
                shown.add(doc_id)
                examples.append(Example(query.query_id, doc_id, query.text, document))
                break
        if len(examples) == n:
            break
    return examples


def _best_first(judged: dict[str, int], seed: int) -> list[str]:
    """The relevant documents by grade, equal ones in an order that the seed fixes."""
    relevant = _drawn((doc_id for doc_id, grade in judged.items() if grade > 0), seed, str)
    return sorted(relevant, key=lambda doc_id: -judged[doc_id])


def _drawn(items: Iterable[T], seed: int, key: Callable[[T], str]) -> list[T]:
    """`items` in an order that depends on the seed and on their keys alone."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}\x1f{key(item)}".encode()).digest())

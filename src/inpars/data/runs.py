"""Runs: what a system retrieved for each query, in TREC form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np

from inpars.data.files import atomic_write, read_text_lines
from inpars.data.ids import is_whole
from inpars.errors import InparsError, InputError, shorten

Run: TypeAlias = dict[str, dict[str, float]]
"""`{query id: {document id: score}}`."""


def ranked(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """The documents of one query, best first, in the order that trec_eval gives them.

    Scores are compared in single precision, and of equal ones the document with the larger id comes first.
    """
    with np.errstate(over="ignore"):
        singles = np.array([*scores.values()], dtype=np.float64).astype(np.float32).tolist()
    return [(doc_id, scores[doc_id]) for _, doc_id in sorted(zip(singles, scores, strict=True), reverse=True)]


def top_k(scores: Mapping[str, float], k: int) -> dict[str, float]:
    """The `k` best documents of one query, by score, whatever order they came in."""
    return dict(ranked(scores)[:k])


def read_run(path: str | Path) -> Run:
    """Read a TREC run (`query-id Q0 doc-id rank score tag`).

    The score counts, not the order of lines nor the rank column. `InputError` for a line of another
    shape, a score that is no finite number, or a document that a query has twice.
    """
    run: Run = {}
    for number, query_id, doc_id, score in read_run_lines(path):
        scores = run.setdefault(query_id, {})
        if doc_id in scores:
            found = f"{doc_id!r} again for {query_id!r}"
            raise InputError(path, line=number, expected="each document once a query", found=found)
        scores[doc_id] = score
    return run


def read_run_lines(path: str | Path) -> Iterator[tuple[int, str, str, float]]:
    """`(line number, query id, document id, score)` for each line of a TREC run; `InputError` as for `read_run`."""
    path = Path(path)
    number = 0
    for number, line in read_text_lines(path):
        fields = line.split()
        if len(fields) != 6:
            raise InputError(path, line=number, expected="query-id Q0 doc-id rank score tag", found=shorten(line))
        query_id, _, doc_id, _, score, _ = fields
        try:
            value = float(score)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(path, line=number, expected="a finite number as score", found=shorten(score))
        yield number, query_id, doc_id, value
    if not number:
        raise InputError(path, expected="at least one line of a run", found="none")


def write_run(path: str | Path, run: Run | Iterable[tuple[str, Mapping[str, float]]], tag: str) -> None:
    """Write a run in TREC form, atomically: sorted, ranks from 1, no two scores of a query alike.

    Given query by query, as pairs, the run need never be held as a whole. Not every evaluation program
    breaks ties as trec_eval does, so a score that would tie with the one before it is written a millionth
    lower. `InparsError` for an id that a line of a run cannot hold.
    """
    with atomic_write(Path(path)) as stream:
        for query_id, scores in run.items() if isinstance(run, dict) else run:
            for rank, (doc_id, score) in enumerate(tie_free(scores), start=1):
                if not (is_whole(query_id) and is_whole(doc_id)):
                    raise InparsError(
                        f"{path}: query {query_id!r}, document {doc_id!r}: an id in a run must have no blanks",
                        hint="replace the blanks in the ids of the corpus and the queries, for example by '_'",
                    )
                stream.write(f"{query_id} Q0 {doc_id} {rank} {score:.9g} {tag}\n".encode())


def tie_free(scores: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """`ranked`, with scores as they are written: strictly falling in single precision."""
    previous = np.float32(np.inf)
    for doc_id, score in ranked(scores):
        single = np.float32(score)
        if single >= previous:
            single = np.nextafter(previous, np.float32(-np.inf))
        previous = single
        yield doc_id, float(single)

"""Test queries and judgments: named by the user, or those that come with a corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from inpars.data.columns import split_columns
from inpars.data.corpora.ir_datasets import is_known, qrels_of, queries_of
from inpars.data.files import COMPRESSIONS
from inpars.data.qrels import Qrels, read_judged, read_qrels
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.errors import InparsError, some


@dataclass(frozen=True)
class TestSet:
    """Queries with their judgments, and where they came from.

    `qrels` has every query with a relevant document. `without_text` are the ids of those whose text is
    not known: nothing can be searched for them, and they count 0 for every system, as for any evaluation
    of a run against the same judgments.
    """

    __test__ = False  # not a test case, whatever pytest makes of its name

    queries: list[Query]
    qrels: Qrels
    source: str
    without_text: list[str] = field(default_factory=list)


def open_test_set(corpus: str, queries: str | Path | None, qrels: str | Path | None) -> TestSet | None:
    """The test set of a run: the files named, else the corpus's own, else None.

    `qrels` alone are for the corpus's own queries, or hold the texts of their queries (`question, document[, grade]`).
    A BEIR folder brings `queries.jsonl` and `qrels/test.tsv`, an ir_datasets dataset its (test)
    queries and qrels, `python-docs` the set that ships with the package. Kept are queries with a relevant document.
    """
    if queries is not None and qrels is not None:
        return _scored(read_queries(queries), read_qrels(qrels), str(qrels))
    if queries is not None:
        raise InparsError(
            "--queries and --qrels go together: --qrels is missing",
            hint=f"if {queries} holds the judgments too, give it as --qrels alone",
        )
    own = _own(corpus)
    if qrels is not None:
        judged = read_judged(qrels)
        asked = judged.queries or (own.queries() if own else None)
        if not asked:
            raise InparsError(
                f"--queries and --qrels go together: {qrels} names its queries by ids alone, such as "
                f"{next(iter(judged.qrels))!r}",
                hint="give their texts with --queries, or in that file in the place of the ids",
            )
        return _scored(asked, judged.qrels, str(qrels))
    own_qrels = own.qrels() if own else None
    own_queries = own.queries() if own and own_qrels else None
    return _scored(own_queries, own_qrels, own.source) if own and own_queries and own_qrels else None


class _Own(NamedTuple):
    """What comes with a corpus: where its judgments are from, and how queries and judgments are read."""

    source: str
    queries: Callable[[], list[Query] | None]
    qrels: Callable[[], Qrels | None]


def _own(corpus: str) -> _Own | None:
    if corpus == "python-docs":
        folder = Path(str(resources.files("inpars.data") / "python_docs"))
        files = folder / "queries.jsonl", folder / "qrels.tsv"
        return _Own("shipped with inpars", partial(read_queries, files[0]), partial(read_qrels, files[1]))
    location = split_columns(corpus)[0]
    folder = Path(location)
    if not folder.exists() and is_known(f"beir/{location}"):
        location = f"ir_datasets:beir/{location}"
    if (dataset := location.removeprefix("ir_datasets:")) != location:
        return _Own(corpus, partial(queries_of, dataset), partial(qrels_of, dataset))
    qrels = folder / "qrels" / "test.tsv"
    for queries in (folder / f"queries.jsonl{suffix}" for suffix in ("", *COMPRESSIONS)):
        if queries.is_file():
            return _Own(
                str(qrels), partial(read_queries, queries), lambda: read_qrels(qrels) if qrels.is_file() else None
            )
    return None


def _scored(queries: list[Query], qrels: Qrels, source: str) -> TestSet:
    judged = {query_id: grades for query_id, grades in qrels.items() if any(grade > 0 for grade in grades.values())}
    kept = [query for query in queries if query.query_id in judged]
    if not kept:
        raise InparsError(
            f"{source}: no query has a relevant document",
            hint="are the query ids of the two files the same? "
            f"The queries have {some([query.query_id for query in queries])}, the judgments {some(list(qrels))}",
        )
    known = {query.query_id for query in kept}
    return TestSet(kept, judged, source, [query_id for query_id in judged if query_id not in known])

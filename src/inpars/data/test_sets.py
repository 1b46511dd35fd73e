"""Test queries and judgments: named by the user, or those that come with a corpus."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from inpars.data.columns import split_columns
from inpars.data.corpora.ir_datasets import is_known, qrels_of, queries_of
from inpars.data.files import COMPRESSIONS
from inpars.data.qrels import Qrels, read_qrels
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.errors import InparsError


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

    A BEIR folder brings `queries.jsonl` and `qrels/test.tsv`, an ir_datasets dataset its (test)
    queries and qrels, `python-docs` the set that ships with the package. Kept are queries with a relevant document.
    """
    if (queries is None) != (qrels is None):
        raise InparsError("--queries and --qrels go together: one of them is missing")
    if queries is not None and qrels is not None:
        return _scored(read_queries(queries), read_qrels(qrels), str(qrels))
    location = split_columns(corpus)[0]
    if corpus == "python-docs":
        folder = Path(str(resources.files("inpars.data") / "python_docs"))
        return _scored(read_queries(folder / "queries.jsonl"), read_qrels(folder / "qrels.tsv"), "shipped with inpars")
    folder = Path(location)
    if not folder.exists() and is_known(f"beir/{location}"):
        location = f"ir_datasets:beir/{location}"
    if (dataset := location.removeprefix("ir_datasets:")) != location:
        found_queries, found_qrels = queries_of(dataset), qrels_of(dataset)
        return _scored(found_queries, found_qrels, corpus) if found_queries and found_qrels else None
    for suffix in ("", *COMPRESSIONS):
        files = folder / f"queries.jsonl{suffix}", folder / "qrels" / "test.tsv"
        if all(file.is_file() for file in files):
            return _scored(read_queries(files[0]), read_qrels(files[1]), str(files[1]))
    return None


def _scored(queries: list[Query], qrels: Qrels, source: str) -> TestSet:
    judged = {query_id: grades for query_id, grades in qrels.items() if any(grade > 0 for grade in grades.values())}
    kept = [query for query in queries if query.query_id in judged]
    if not kept:
        raise InparsError(
            f"{source}: no query has a relevant document",
            hint="are the query ids of the two files the same?",
        )
    known = {query.query_id for query in kept}
    return TestSet(kept, judged, source, [query_id for query_id in judged if query_id not in known])

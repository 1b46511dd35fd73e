"""Stage `queries` of a recipe: queries that exist already, in the place of those that would be generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inpars.data.artifacts import Artifact
from inpars.data.corpora import Corpus
from inpars.data.files import file_hash
from inpars.data.paths import file_kind
from inpars.data.queries import read_synthetic_queries
from inpars.data.sources import check_sources
from inpars.errors import InputError
from inpars.options import Options, how
from inpars.pipeline.steps import Context, Step
from inpars.progress import say


class GivenConfig(Options):
    """Take queries from a file."""

    file: Path = how(..., description="JSONL file of generated queries: ours, the toolkit's or InPars v1's.")


def check_given(path: Path, corpus: Corpus | None) -> None:
    """`InparsError` for a file that is no file of queries, or whose queries are of another corpus than `corpus`."""
    require_queries(path)
    queries = read_synthetic_queries(path)
    if corpus is None:
        for _ in queries:
            pass
        return
    if not any(query.doc_id in corpus for query in queries):
        raise _of_others(path, corpus)
    check_sources(path, read_synthetic_queries(path), corpus, lacking=False)


def require_queries(path: Path) -> None:
    """`InputError` where there is no such file."""
    if (found := file_kind(path)) != "a file":
        found = "no such file" if found == "nothing there" else found
        raise InputError(path, expected="a JSONL file of generated queries", found=found)


def _of_others(path: Path, corpus: Corpus) -> InputError:
    return InputError(
        path,
        expected=f"queries for documents of {corpus.name}",
        found="no query whose document is there",
        hint="are the ids of the two the same?",
    )


def given_queries(step: Step, context: Context, folder: Path) -> Path:
    """Write the queries of `step`'s file as rows of ours; returns the file.

    Those whose document the corpus lacks lie in `queries.dropped.jsonl`. `InputError` where it lacks all of them.
    """
    assert isinstance(step.options, GivenConfig)
    source = step.options.file
    require_queries(source)
    inputs = {"file": file_hash(source), "corpus": context.corpus.fingerprint()}
    artifact = Artifact(folder / "queries.jsonl", "queries", step.options, inputs)
    if artifact.is_current():
        return artifact.output
    artifact.begin()
    kept: list[dict[str, Any]] = []
    dropped: list[dict[str, Any]] = []
    for query in read_synthetic_queries(source):
        if query.doc_id in context.corpus:
            kept.append(query.to_row())
        else:
            dropped.append(query.to_row() | {"dropped_by": "queries", "reason": "its document is not in the corpus"})
    if not kept:
        raise _of_others(source, context.corpus)
    artifact.write_unit(0, kept)
    artifact.write_unit(0, dropped, "dropped")
    artifact.merge()
    artifact.merge("dropped")
    artifact.finish(queries=len(kept), dropped=len(dropped))
    say(f"queries: {len(kept):,} of {source.name}, {len(dropped):,} without their document -> {artifact.output}")
    return artifact.output

"""First-stage runs: a file, the published BM25 run of a BEIR dataset, or BM25 searched here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from inpars.data.beir import finds_itself, without_self_hits
from inpars.data.corpora import Corpus
from inpars.data.paths import file_kind
from inpars.data.records import Query
from inpars.data.runs import ranked, read_run, read_run_lines, write_run
from inpars.download import catalogue, download
from inpars.drop_in.toolkit.datasets import is_local
from inpars.errors import InparsError, InputError, OptionError
from inpars.progress import say
from inpars.rerank import search

DEPTH = 1000
"""Documents that a published run has for each query."""


def given_run(spec: str) -> Path:
    """The run that `--input_run` or `--run` names: a file, or a BEIR dataset's published run by its very name.

    `InputError` for anything else: what is no file and no known name is never asked for on the network.
    """
    if file_kind(spec) not in ("nothing there", "a folder"):
        return Path(spec)
    if (name := _published_name(spec)) is None:
        raise InputError(spec, expected="a TREC run, or the name of a BEIR dataset", found="neither")
    return download("runs", name)


def published_run(command: str, dataset: str) -> Path | None:
    """The published BM25 run of a dataset known by name; None, and a line that says so, where it is not available."""
    if is_local(dataset) or (name := _published_name(dataset)) is None:
        return None
    try:
        path = download("runs", name)
    except InparsError as error:
        say(f"{command}: no published BM25 run of {dataset} ({error.message})")
        return None
    say(f"{command}: first stage: the published BM25 run of {dataset}, {path}")
    return path


def searched_run(
    command: str, dataset: str, corpus: Corpus, queries: list[Query], output: Path, least: int = DEPTH
) -> Path:
    """Search with BM25 as the published runs were made (k1 0.9, b 0.4, title and text in one), and say so.

    As deep as they are, and `least` documents at least; one more where a query that finds itself is to be left out.
    """
    say(f"{command}: first stage: BM25 over {corpus.name}, searched here -> {output}")
    depth = max(DEPTH, least) + finds_itself(dataset)
    return search(corpus, queries, output, first_stage="bm25", k1=0.9, b=0.4, top_k=depth)


def cleared_run(command: str, dataset: str, run: Path, output: Path) -> Path:
    """`run`, or where the dataset's queries are documents too, a copy at `output` in which none finds itself."""
    if not finds_itself(dataset):
        return run
    found = read_run(run)
    kept = without_self_hits(found)
    write_run(output, kept, output.stem)
    gone = sum(map(len, found.values())) - sum(map(len, kept.values()))
    say(f"{command}: {gone:,} queries that found themselves are left out, as {dataset} is measured -> {output}")
    return output


def append_rest(run: Path, first: Path, top_k: int) -> None:
    """Put below the reranked documents of `run` those that `first` has beyond its best `top_k`, in their order.

    A run that has them already stays as it is.
    """
    rest = {query_id: below for query_id, scores in read_run(first).items() if (below := ranked(scores)[top_k:])}
    added = 0
    for query_id, scores in _by_query(run):
        below = rest.get(query_id, [])
        if below and below[0][0] in scores:
            return
        added += len(below)
    if not added:
        return

    def whole() -> Iterator[tuple[str, dict[str, float]]]:
        for query_id, scores in _by_query(run):
            # The first stage's scores, moved so that the best of them lies below the last reranked one.
            below = rest.get(query_id, [])
            moved = min(scores.values()) - 1 - below[0][1] if below else 0.0
            yield query_id, scores | {doc_id: score + moved for doc_id, score in below}

    write_run(run, whole(), run.stem)
    say(f"rerank: {added:,} more documents of the first stage keep their order below these")


def _by_query(run: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """The queries of a run of ours, which has each one's lines together."""
    for query_id, lines in groupby(read_run_lines(run), lambda line: line[1]):
        yield query_id, {doc_id: score for _, _, doc_id, score in lines}


def _published_name(spec: str) -> str | None:
    try:
        return catalogue().find("runs", spec.replace("/", "-")).name
    except OptionError:
        return None

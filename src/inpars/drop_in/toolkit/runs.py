"""First-stage runs: a file, the published BM25 run of a BEIR dataset, or BM25 searched here."""

from __future__ import annotations

from pathlib import Path

from inpars.data.beir import finds_itself, without_self_hits
from inpars.data.corpora import Corpus
from inpars.data.records import Query
from inpars.data.runs import read_run, write_run
from inpars.download import catalogue, download
from inpars.drop_in.toolkit.datasets import is_local
from inpars.errors import InparsError, InputError, OptionError
from inpars.progress import say
from inpars.rerank import search


def given_run(spec: str) -> Path:
    """The run that `--input_run` or `--run` names: a file, or a BEIR dataset's published run by its very name.

    `InputError` for anything else: what is no file and no known name is never asked for on the network.
    """
    if Path(spec).is_file():
        return Path(spec)
    if (name := _published_name(spec)) is None:
        raise InputError(spec, expected="a TREC run, or the name of a BEIR dataset", found="neither")
    return download("runs", name)


def published_run(command: str, dataset: str) -> Path | None:
    """The published BM25 run of a dataset known by name; None, and a line that says so, where it cannot be had."""
    if is_local(dataset) or (name := _published_name(dataset)) is None:
        return None
    try:
        path = download("runs", name)
    except InparsError as error:
        say(f"{command}: no published BM25 run of {dataset} ({error.message})")
        return None
    say(f"{command}: first stage: the published BM25 run of {dataset}, {path}")
    return path


def searched_run(command: str, corpus: Corpus, queries: list[Query], output: Path, top_k: int) -> Path:
    """Search with BM25 as the published runs were made (k1 0.9, b 0.4, title and text in one), and say so."""
    say(f"{command}: first stage: BM25 over {corpus.name}, searched here -> {output}")
    return search(corpus, queries, output, first_stage="bm25", k1=0.9, b=0.4, top_k=top_k)


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


def _published_name(spec: str) -> str | None:
    try:
        return catalogue().find("runs", spec.replace("/", "-")).name
    except OptionError:
        return None

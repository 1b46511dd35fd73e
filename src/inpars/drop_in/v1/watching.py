"""The judged queries on which v1 evaluates a model as it trains, in the forms that our training watches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from inpars.data.files import format_suffix, read_text_lines
from inpars.data.formats import FORMATS
from inpars.data.queries import read_queries, write_queries
from inpars.data.records import Query
from inpars.data.runs import Run, ranked, read_run, write_run
from inpars.errors import InputError, OptionError, shorten


@dataclass(frozen=True)
class Watched:
    """Files of queries, judgments and a run, and how deep the run is reranked."""

    queries: Path
    qrels: Path
    run: Path
    depth: int

    def options(self) -> dict[str, Any]:
        """The options of our training."""
        return {
            "monitor_queries": self.queries,
            "monitor_qrels": self.qrels,
            "monitor_run": self.run,
            "monitor_depth": self.depth,
        }

    def doc_ids(self) -> set[str]:
        """The documents that are reranked."""
        return {doc_id for scores in read_run(self.run).values() for doc_id, _ in ranked(scores)[: self.depth]}


def watched_files(
    queries: Path | None, qrels: Path | None, run: Path | None, most: int, depth: int, folder: Path
) -> Watched | None:
    """Write the first `most` queries (-1 for all) and their run to `folder`; None where no file is given.

    `OptionError` where only some of the three are.
    """
    if queries is None or qrels is None or run is None:
        if queries or qrels or run:
            raise OptionError("--queries, --qrels and --run go together", hint="give all three, or none of them")
        return None
    wanted = list(islice(_queries(queries), most if most >= 0 else None))
    ids = {query.query_id for query in wanted}
    found = {query_id: scores for query_id, scores in _run(run).items() if query_id in ids}
    if not found:
        raise OptionError(f"{run} has none of the queries in {queries}", hint="do both name them by the same ids?")
    write_queries(folder / "queries.jsonl", wanted)
    write_run(folder / "run.trec", found, "first")
    return Watched(folder / "queries.jsonl", qrels, folder / "run.trec", depth)


def _queries(path: Path) -> Iterator[Query]:
    """The queries; v1's own are TSV whatever the file is called."""
    lines = read_text_lines(path)
    first = next(lines, (0, ""))[1]
    if format_suffix(path) in FORMATS or "\t" not in first:
        yield from read_queries(path)
        return
    for number, line in read_text_lines(path):
        query_id, tab, text = line.partition("\t")
        if not tab or not query_id.strip() or not text.strip():
            raise InputError(path, line=number, expected="an id, a tab and a query", found=shorten(line))
        yield Query(query_id.strip(), text.strip())


def _run(path: Path) -> Run:
    """The run; MS MARCO's lines of query, document and rank have their ranks turned into scores."""
    if len(next(read_text_lines(path), (0, ""))[1].split()) != 3:
        return read_run(path)
    run: Run = {}
    for number, line in read_text_lines(path):
        fields = line.split()
        if len(fields) != 3 or not fields[2].isdigit():
            raise InputError(path, line=number, expected="a query, a document and its rank", found=shorten(line))
        run.setdefault(fields[0], {})[fields[1]] = -float(fields[2])
    return run

"""The judged queries on which v1 evaluates a model as it trains, in the forms that our training watches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from inpars.data.queries import read_queries, write_queries
from inpars.data.runs import ranked, read_run, write_run
from inpars.errors import OptionError


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
    wanted = list(islice(read_queries(queries), most if most >= 0 else None))
    ids = {query.query_id for query in wanted}
    found = {query_id: scores for query_id, scores in read_run(run).items() if query_id in ids}
    if not found:
        raise OptionError(f"{run} has none of the queries in {queries}", hint="do both name them by the same ids?")
    write_queries(folder / "queries.jsonl", wanted)
    write_run(folder / "run.trec", found, "first")
    return Watched(folder / "queries.jsonl", qrels, folder / "run.trec", depth)

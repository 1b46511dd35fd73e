"""Synthetic queries kept out of training: the development set on which everything is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inpars.data.files import read_jsonl, write_jsonl
from inpars.data.qrels import Qrels, read_qrels, write_qrels
from inpars.data.queries import read_queries, write_queries
from inpars.data.records import Query
from inpars.data.runs import Run, read_run, write_run


@dataclass(frozen=True)
class HeldOut:
    """Held-out queries with their source as the one relevant document.

    `documents` holds the text of every candidate, with a query's own words cut out of its source
    where they were cut when it was made, so that neither BM25 nor a model can simply match them.
    `first_stage` are pools to choose weights on: BM25's best with its scores, and the source in any case.
    """

    queries: list[Query]
    qrels: Qrels
    documents: Mapping[str, str]
    first_stage: Run

    def save(self, folder: Path) -> None:
        """Write the set as four files in the usual forms."""
        write_queries(folder / "queries.jsonl", self.queries)
        write_qrels(folder / "qrels.tsv", self.qrels)
        write_jsonl(folder / "documents.jsonl", ({"_id": i, "text": t} for i, t in self.documents.items()))
        write_run(folder / "first_stage.trec", self.first_stage, "bm25")

    @classmethod
    def load(cls, folder: Path) -> HeldOut:
        """Read what `save` wrote."""
        documents = {row["_id"]: row["text"] for _, row in read_jsonl(folder / "documents.jsonl")}
        return cls(
            read_queries(folder / "queries.jsonl"),
            read_qrels(folder / "qrels.tsv"),
            documents,
            read_run(folder / "first_stage.trec"),
        )

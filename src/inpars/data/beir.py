"""What some datasets need that others do not: BEIR's own rules, as data."""

from __future__ import annotations

import re

from inpars.data.runs import Run

SELF_HITS = frozenset({"arguana", "quora"})
"""Datasets whose queries are documents too, under the same id: a query must not find itself."""

PARTS = {
    "cqadupstack": (
        *("android", "english", "gaming", "gis", "mathematica", "physics"),
        *("programmers", "stats", "tex", "unix", "webmasters", "wordpress"),
    )
}
"""Datasets in parts, each with documents and queries of its own; a figure is the mean over the parts."""

TEST_SETS = {
    "msmarco": "ir_datasets:msmarco-passage/dev/small",
    "webis-touche2020": "ir_datasets:beir/webis-touche2020/v2",
}
"""Datasets that are measured on another catalogue entry than their own: MS MARCO on its small development set, Touché
on the judgments as BEIR corrected them."""


def dataset_names(dataset: str) -> list[str]:
    """What a corpus may be called, likeliest first: the end of its path, or any part of a catalogue's id."""
    parts = [part for part in re.split(r"[/\\:]", dataset.split("?")[0]) if part not in {"", "."}]
    if parts[:1] == ["ir_datasets"] or parts[:1] == ["beir"]:
        return parts[:0:-1]
    if parts and parts[-1].startswith("corpus.jsonl"):
        parts.pop()
    return [re.sub(r"(\.(jsonl|json|csv|tsv|parquet|gz|zst|bz2|xz))+$", "", part) for part in parts[-1:]]


def finds_itself(dataset: str) -> bool:
    """Whether the queries of `dataset` (a name, a path) are documents too."""
    return not SELF_HITS.isdisjoint(dataset_names(dataset))


def parts_of(dataset: str) -> tuple[str, ...]:
    """The parts of `dataset`; none where it is whole, or is a part itself."""
    return PARTS.get(next(iter(dataset_names(dataset)), ""), ())


def without_self_hits(run: Run) -> Run:
    """`run` without documents that have their query's id."""
    return {q: {doc_id: score for doc_id, score in scores.items() if doc_id != q} for q, scores in run.items()}

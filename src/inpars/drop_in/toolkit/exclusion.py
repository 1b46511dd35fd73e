"""Judged queries that a language model was shown: found where our commands and the toolkit's leave their names."""

from __future__ import annotations

from pathlib import Path

from inpars.evaluate.exclusion import fewshot_queries, read_excluded

THEIRS = "query_ids_to_remove_from_eval.tsv"
"""What the toolkit's generate wrote to the folder that it was called in, and no command of its own read."""


def shown_queries(run: Path | None) -> set[str]:
    """Ids of the few-shot examples named beside `run` and in the current folder, where BM25's run has its own."""
    places = {place.absolute() for place in (run, Path("bm25")) if place is not None}
    files = {place.with_name(THEIRS) for place in places}
    # It is empty where no examples were asked for.
    return fewshot_queries(places).union(*(read_excluded(f) for f in files if f.is_file() and f.stat().st_size))

"""Scoring candidates in units that a kill leaves standing."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from inpars.data.artifacts import Artifact
from inpars.data.files import read_jsonl
from inpars.data.records import Query
from inpars.data.runs import Run
from inpars.errors import InparsError
from inpars.models.scorers import Scorer
from inpars.progress import track


def score_in_units(
    artifact: Artifact,
    scorer: Scorer,
    queries: list[Query],
    texts: Mapping[str, str],
    candidates: Mapping[str, Mapping[str, float]],
    unit_size: int,
) -> dict[str, Any]:
    """Score what is not scored yet; returns the facts about it. No more texts are held than the scorer asks for.

    `candidates` has the documents of each query, none for one that it lacks, and `texts` what they say.
    """
    counts = {query.query_id: len(candidates.get(query.query_id, ())) for query in queries}
    units = list(_units(queries, counts, unit_size))
    pairs, seconds = 0, 0.0
    for number, unit in enumerate(track(units, "rerank", len(units))):
        if artifact.unit(number).exists():
            continue
        wanted = {query.query_id: list(candidates.get(query.query_id, ())) for query in unit}
        started = time.perf_counter()
        scored = scorer.score({query.query_id: query.text for query in unit}, texts, wanted)
        seconds += time.perf_counter() - started
        pairs += sum(map(len, wanted.values()))
        _check(scored)
        artifact.write_unit(number, ({"query_id": q, "scores": scores} for q, scores in scored.items()))
    return {
        "queries": len(queries),
        "pairs": sum(counts.values()),
        # Of those that this call scored: an earlier one that was stopped had its own pace.
        "pairs_per_second": round(pairs / seconds, 1) if seconds else None,
        "engine": getattr(getattr(scorer, "engine", None), "name", None),
    }


def scored(artifact: Artifact) -> Iterator[tuple[str, dict[str, float]]]:
    """The model's scores, query by query, from the units."""
    return ((row["query_id"], row["scores"]) for unit in artifact.units() for _, row in read_jsonl(unit))


def _check(scored: Run) -> None:
    for query_id, scores in scored.items():
        for doc_id, score in scores.items():
            if not math.isfinite(score):
                raise InparsError(
                    f"the model's score of document {doc_id!r} for query {query_id!r} is {score}",
                    hint="are its weights whole? a model made for bf16 can fail in fp16: try --precision fp32",
                )


def _units(queries: list[Query], counts: Mapping[str, int], unit_size: int) -> Iterator[list[Query]]:
    """Queries in order, together as long as they have at most `unit_size` pairs; a query is never cut in two."""
    unit: list[Query] = []
    pairs = 0
    for query in queries:
        count = counts[query.query_id]
        if unit and pairs + count > unit_size:
            yield unit
            unit, pairs = [], 0
        unit.append(query)
        pairs += count
    if unit:
        yield unit

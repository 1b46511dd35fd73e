"""Measures by name, and their values query by query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ir_measures
import numpy as np

from inpars.data.qrels import Qrels
from inpars.data.runs import Run, ranked
from inpars.errors import OptionError

PerQuery = dict[str, np.ndarray]
"""`{measure: values}`, one value a query in the order of the qrels."""


def parse_measures(names: Iterable[str]) -> list[Any]:
    """ir-measures' measures; `OptionError` lists every name that it does not know or cannot compute."""
    parsed, unknown = [], []
    for name in names:
        try:
            parsed.append(_parse(name))
        except (NameError, ValueError, AssertionError):
            unknown.append(name)
    if unknown:
        raise OptionError(
            f"unknown measure {', '.join(map(repr, unknown))}",
            hint="measures are written as in nDCG@10, AP, R@100, RR@10, P@20, Judged@10, AP(rel=2)",
        )
    return parsed


def _parse(name: str) -> Any:
    measure = ir_measures.parse_measure(name)
    measure.validate_params()
    # trec_eval crashes on a cutoff of 0.
    if measure.params.get("cutoff", 1) < 1 or not ir_measures.DefaultPipeline.supports(measure):
        raise ValueError(name)
    return measure


def per_query(run: Run, qrels: Qrels, measures: Sequence[Any]) -> PerQuery:
    """The value of each measure for each judged query; 0 where the run has nothing for it.

    Ties are broken first, as trec_eval breaks them, and every measure is given the ranks: not all
    programs that compute measures agree on ties, and here all see one and the same ranking.
    """
    ranking = {query_id: _by_rank(scores) for query_id, scores in run.items() if query_id in qrels}
    found: Mapping[tuple[str, str], float] = {
        (str(metric.measure), metric.query_id): metric.value
        for metric in ir_measures.iter_calc(measures, qrels, ranking)
    }
    return {str(m): np.array([found.get((str(m), query_id), 0.0) for query_id in qrels]) for m in measures}


def _by_rank(scores: Mapping[str, float]) -> dict[str, float]:
    return {doc_id: float(-rank) for rank, (doc_id, _) in enumerate(ranked(scores), start=1)}

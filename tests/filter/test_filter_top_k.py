from __future__ import annotations

from collections.abc import Callable

import pytest

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.options import TopKOptions
from inpars.filter.top_k import judge

Reasons = Callable[..., list[str | None]]


def queries_of(*scores: float | None) -> list[SyntheticQuery]:
    return [SyntheticQuery(f"query {n}", f"d{n}", query_id=f"q{n}", score=score) for n, score in enumerate(scores)]


def test_the_best_by_the_last_score_are_kept(reasons: Reasons) -> None:
    assert reasons(judge, queries_of(-3, -1, -2), TopKOptions(keep_top_k=1)) == [
        "not among the best 1",
        None,
        "not among the best 1",
    ]


def test_ten_thousand_are_kept_unless_asked_otherwise(reasons: Reasons) -> None:
    found = reasons(judge, queries_of(*range(10_001)), TopKOptions())
    assert found == ["not among the best 10,000", *[None] * 10_000]


def test_the_other_rules_of_selection_hold_as_well(reasons: Reasons) -> None:
    found = reasons(judge, queries_of(1, 2, 3), TopKOptions(keep_top_k=1, max_score=2))
    assert found == ["not among the best 1", None, "score 3.0000, above 2"]


def test_queries_without_a_score_are_refused(reasons: Reasons) -> None:
    with pytest.raises(InparsError, match="no score"):
        reasons(judge, queries_of(1, None), TopKOptions())

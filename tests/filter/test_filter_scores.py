from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.options import ScoresOptions
from inpars.filter.scores import judge, score

Reasons = Callable[..., list[str | None]]


def query(log_probs: Any, name: str = "q") -> SyntheticQuery:
    return SyntheticQuery(name, "d", log_probs=log_probs)


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [
        ("mean_log_probs", -2.0),
        ("sum_log_probs", -6.0),
        ("mean_probs", (math.exp(-1) + math.exp(-2) + math.exp(-3)) / 3),
    ],
)
def test_a_score_is_what_its_name_says(scoring: Any, expected: float) -> None:
    assert score([-1.0, -2.0, -3.0], scoring) == pytest.approx(expected)


def test_the_score_is_set_under_its_name_too_beside_those_of_other_filters(reasons: Reasons) -> None:
    one = query([-1.0, -3.0])
    one.scores["judge"] = 0.5
    assert reasons(judge, [one], ScoresOptions(scoring="sum_log_probs")) == [None]
    assert one.score == -4.0
    assert one.scores == {"judge": 0.5, "sum_log_probs": -4.0}


def test_nothing_is_dropped_for_its_score_unless_asked(reasons: Reasons) -> None:
    assert reasons(judge, [query([-1000.0])], ScoresOptions()) == [None]


def test_queries_that_score_below_the_minimum_are_dropped_with_their_score(reasons: Reasons) -> None:
    found = reasons(judge, [query([-1.0]), query([-2.0]), query([-2.5])], ScoresOptions(min_score=-2))
    assert found == [None, None, "score -2.5000, below -2"]


@pytest.mark.parametrize("log_probs", [None, [], [math.nan], [-1.0, math.nan], [-math.inf], [None, -1.0]])
def test_log_probabilities_that_give_no_number_are_dropped_with_the_reason(log_probs: Any, reasons: Reasons) -> None:
    bad = query(log_probs)
    assert reasons(judge, [query([-1.0]), bad], ScoresOptions()) == [None, "no usable log-probabilities"]
    assert bad.score is None


def test_queries_of_which_none_has_log_probabilities_are_refused_with_a_hint(reasons: Reasons) -> None:
    with pytest.raises(InparsError, match="needs log-probabilities") as error:
        reasons(judge, [query(None, "a"), query(None, "b")], ScoresOptions())
    assert "backend" in error.value.hint


def test_no_queries_are_no_error(reasons: Reasons) -> None:
    assert reasons(judge, [], ScoresOptions()) == []


def test_shares_and_percentiles_are_of_the_queries_that_have_a_score(reasons: Reasons) -> None:
    queries = [query([-1.0], "a"), query(None, "b"), query(None, "c"), query([-2.0], "d")]
    found = reasons(judge, queries, ScoresOptions(keep_top_k=0.5))
    assert found == [None, "no usable log-probabilities", "no usable log-probabilities", "not among the best 1"]

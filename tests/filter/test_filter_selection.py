from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError, OptionError
from inpars.filter.method import Dropped
from inpars.filter.options import SelectionOptions
from inpars.filter.selection import select


def queries_of(*scores: float | None, documents: str = "") -> list[SyntheticQuery]:
    """Queries q0, q1, … with these scores, each of the document that its letter names."""
    names = documents or "x" * len(scores)
    return [SyntheticQuery(f"text {n}", names[n], query_id=f"q{n}", score=score) for n, score in enumerate(scores)]


def reasons(queries: list[SyntheticQuery], **options: Any) -> list[str | None]:
    return [outcome and outcome.reason for outcome in select(queries, SelectionOptions(**options))]


def kept(queries: list[SyntheticQuery], **options: Any) -> list[str]:
    outcomes = select(queries, SelectionOptions(**options))
    return [query.query_id for query, outcome in zip(queries, outcomes, strict=True) if outcome is None]


def test_by_default_everything_is_kept() -> None:
    assert kept(queries_of(3, -1, 2)) == ["q0", "q1", "q2"]


def test_the_best_scored_are_kept_in_the_order_they_came_in_and_the_others_told_why() -> None:
    assert kept(queries_of(-3, -1, -2, -4), keep_top_k=2) == ["q1", "q2"]
    assert reasons(queries_of(-3, -1), keep_top_k=1) == ["not among the best 1", None]


def test_a_number_below_one_is_a_share_of_all_that_reach_the_selection() -> None:
    assert kept(queries_of(*range(10)), keep_top_k=0.3) == ["q7", "q8", "q9"]
    # Of ten, though the threshold has left five.
    assert kept(queries_of(*range(10)), keep_top_k=0.4, max_score=4) == ["q1", "q2", "q3", "q4"]


def test_a_share_keeps_one_query_at_least() -> None:
    assert kept(queries_of(1, 3, 2), keep_top_k=0.01) == ["q1"]


def test_more_than_there_are_keeps_all() -> None:
    assert len(kept(queries_of(1, 2, 3), keep_top_k=10_000)) == 3


def test_a_score_of_zero_is_a_score() -> None:
    assert kept(queries_of(-1.0, 0.0, -2.0), keep_top_k=1) == ["q1"]


def test_scores_that_equal_a_threshold_are_kept() -> None:
    assert reasons(queries_of(0, 1, 2, 3), min_score=1, max_score=2) == [
        "score 0.0000, below 1",
        None,
        None,
        "score 3.0000, above 2",
    ]


def test_percentiles_cut_off_either_end() -> None:
    queries = queries_of(*range(11))
    assert kept(queries, min_percentile=70) == ["q7", "q8", "q9", "q10"]
    assert kept(queries, max_percentile=70) == [f"q{n}" for n in range(8)]
    assert kept(queries, min_percentile=20, max_percentile=40) == ["q2", "q3", "q4"]
    assert reasons(queries_of(0, 4), max_percentile=25) == [None, "score 4.0000, above percentile 25 (1.0000)"]


def test_percentiles_are_of_all_scores_not_of_those_that_a_threshold_has_left() -> None:
    assert kept(queries_of(*range(11)), max_score=7, max_percentile=50) == [f"q{n}" for n in range(6)]


@pytest.mark.parametrize("percent", range(101))
def test_a_score_that_is_the_percentile_is_kept(percent: int) -> None:
    queries = queries_of(*range(101))
    random.Random(percent).shuffle(queries)
    assert len(kept(queries, min_percentile=percent)) == 101 - percent
    assert len(kept(queries, max_percentile=percent)) == percent + 1


def test_the_ends_of_the_percentiles_keep_everything() -> None:
    assert len(kept(queries_of(0.1, 0.1, 0.7, -3), min_percentile=0, max_percentile=100)) == 4


def test_equal_scores_are_on_the_same_side_of_a_percentile() -> None:
    assert len(kept(queries_of(*[0.3] * 7), min_percentile=50, max_percentile=50)) == 7


def test_of_each_document_the_best_are_kept() -> None:
    queries = queries_of(1, 2, 3, 5, 4, documents="aaabb")
    assert kept(queries, max_per_document=1) == ["q2", "q3"]
    assert reasons(queries, max_per_document=2)[0] == "not among the best 2 of its document"


def test_the_number_to_keep_is_filled_from_what_the_cap_has_left() -> None:
    assert kept(queries_of(9, 8, 7, 1, documents="aaab"), max_per_document=1, keep_top_k=2) == ["q0", "q3"]


def test_what_a_threshold_drops_takes_no_place_of_its_document() -> None:
    assert kept(queries_of(9, 8, 7, documents="aaa"), max_score=8, max_per_document=1) == ["q1"]


def test_equal_scores_are_cut_by_query_id_whatever_their_order() -> None:
    queries = queries_of(0, 0, 0, 5, 0)
    for seed in range(5):
        shuffled = random.Random(seed).sample(queries, len(queries))
        assert set(kept(shuffled, keep_top_k=3)) == {"q3", "q0", "q1"}


def test_a_query_that_stands_twice_in_the_file_takes_two_places() -> None:
    twice = [SyntheticQuery("same", "d", query_id="q", score=1.0) for _ in range(3)]
    assert len(kept(twice, keep_top_k=2)) == 2


@pytest.mark.parametrize("missing", [None, math.nan])
def test_queries_without_a_score_are_refused_with_a_hint(missing: float | None) -> None:
    with pytest.raises(InparsError, match="1 of 2 have no score") as error:
        kept(queries_of(1, missing), keep_top_k=1)
    assert "[scores, top_k]" in error.value.hint


@pytest.mark.parametrize("rule", [{"keep_top_k": 2}, {"min_percentile": 50}, {"max_per_document": 1}])
def test_no_queries_are_no_error(rule: dict[str, Any]) -> None:
    assert kept([], **rule) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep_top_k": 2.5}, "whole number"),
        ({"min_score": 1, "max_score": 0}, "min_score 1 is above max_score 0"),
        ({"min_percentile": 80, "max_percentile": 70}, "min_percentile 80 is above"),
    ],
)
def test_rules_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SelectionOptions(**options)


@pytest.mark.parametrize("options", [{"keep_top_k": 0}, {"min_percentile": 101}, {"max_per_document": -1}])
def test_numbers_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SelectionOptions(**options)


SCORES = st.lists(st.tuples(st.sampled_from([-2.0, -1.5, 0.0, 0.25, 3.0]), st.sampled_from("abc")), max_size=25)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "min_score": st.sampled_from([-1.5, 0.0]),
        "max_score": st.sampled_from([0.25, 3.0]),
        "min_percentile": st.integers(0, 50),
        "max_percentile": st.integers(50, 100),
        "max_per_document": st.integers(0, 3),
        "keep_top_k": st.sampled_from([1, 3, 7, 0.2, 0.5]),
    },
)


@given(SCORES, RULES)
def test_the_rules_hold_in_their_order_for_whatever_is_kept(
    drawn: list[tuple[float, str]], rules: dict[str, Any]
) -> None:
    queries = [SyntheticQuery("t", d, query_id=f"q{n:02d}", score=s) for n, (s, d) in enumerate(drawn)]
    outcomes = select(queries, SelectionOptions(**rules))
    standing = list(queries)
    scores = [q.score for q in queries]
    if queries:
        floor = np.percentile(scores, rules.get("min_percentile", 0))
        ceiling = np.percentile(scores, rules.get("max_percentile", 100))
        low, high = rules.get("min_score", -math.inf), rules.get("max_score", math.inf)
        standing = [q for q in standing if max(low, floor) <= (q.score or 0.0) <= min(high, ceiling)]
    standing.sort(key=lambda q: (-(q.score or 0.0), q.query_id))
    if cap := rules.get("max_per_document"):
        standing = [q for n, q in enumerate(standing) if sum(o.doc_id == q.doc_id for o in standing[:n]) < cap]
    if (wanted := rules.get("keep_top_k")) is not None:
        standing = standing[: wanted if wanted >= 1 else max(1, round(wanted * len(queries)))]
    expected = {q.query_id for q in standing}
    assert {q.query_id for q, o in zip(queries, outcomes, strict=True) if o is None} == expected
    assert all(isinstance(o, Dropped) for q, o in zip(queries, outcomes, strict=True) if q.query_id not in expected)

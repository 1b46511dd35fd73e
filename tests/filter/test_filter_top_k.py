from __future__ import annotations

import random

import pytest
from pydantic import ValidationError

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.config import TopKOptions
from inpars.filter.top_k import judge


def queries_of(*scores: float | None) -> list[SyntheticQuery]:
    return [SyntheticQuery(f"query {n}", "d", query_id=f"q{n}", score=score) for n, score in enumerate(scores)]


def kept(queries: list[SyntheticQuery], keep_top_k: float) -> list[str]:
    reasons = judge(queries, TopKOptions(keep_top_k=keep_top_k))
    return [query.query_id for query, reason in zip(queries, reasons, strict=True) if reason is None]


def test_the_best_scored_are_kept_in_the_order_they_came_in() -> None:
    assert kept(queries_of(-3, -1, -2, -4), 2) == ["q1", "q2"]


def test_the_others_are_told_why() -> None:
    assert judge(queries_of(-3, -1), TopKOptions(keep_top_k=1)) == ["not among the best 1", None]


def test_a_number_below_one_is_a_share() -> None:
    assert kept(queries_of(*range(10)), 0.3) == ["q7", "q8", "q9"]


def test_a_share_keeps_one_query_at_least() -> None:
    assert kept(queries_of(1, 3, 2), 0.01) == ["q1"]


def test_more_than_there_are_keeps_all() -> None:
    assert len(kept(queries_of(1, 2, 3), 10_000)) == 3


def test_equal_scores_are_cut_by_query_id_whatever_their_order() -> None:
    queries = queries_of(0, 0, 0, 5, 0)
    for seed in range(5):
        shuffled = random.Random(seed).sample(queries, len(queries))
        assert set(kept(shuffled, 3)) == {"q3", "q0", "q1"}


def test_a_query_that_stands_twice_in_the_file_takes_two_places() -> None:
    twice = [SyntheticQuery("same", "d", query_id="q", score=1.0) for _ in range(3)]
    assert len(kept(twice, 2)) == 2


def test_a_score_of_zero_is_a_score() -> None:
    assert kept(queries_of(-1.0, 0.0, -2.0), 1) == ["q1"]


def test_queries_without_a_score_are_refused_with_a_hint() -> None:
    with pytest.raises(InparsError, match="no score") as error:
        kept(queries_of(1, None), 1)
    assert "[scores, top_k]" in error.value.hint


def test_nothing_to_keep_is_refused() -> None:
    with pytest.raises(ValidationError):
        TopKOptions(keep_top_k=0)

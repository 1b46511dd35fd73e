"""Scores as probabilities of relevance."""

import math
from itertools import pairwise

import numpy as np
import pytest

from inpars.data.runs import ranked, read_run, write_run
from inpars.rerank.probability import probabilities


def test_a_probability_is_the_sigmoid_of_the_score():
    assert probabilities({"a": 0.0, "b": math.log(3), "c": -2.5}) == pytest.approx(
        {"b": 0.75, "a": 0.5, "c": 1 / (1 + math.exp(2.5))}, rel=1e-6
    )


def test_where_probabilities_cannot_be_told_apart_the_scores_still_rank_in_a_written_run(tmp_path):
    """Ids run against the scores, so that ties broken by id would turn the ranking round."""
    scores = {f"d{number:03d}": 50.0 - number / 10 for number in range(300)}
    write_run(tmp_path / "run.trec", {"q": probabilities(scores)}, "x")
    again = read_run(tmp_path / "run.trec")["q"]
    assert [doc_id for doc_id, _ in ranked(again)] == sorted(scores)
    assert all(np.float32(a) > np.float32(b) for a, b in pairwise(value for _, value in ranked(again)))
    assert max(again.values()) == 1
    assert min(again.values()) == pytest.approx(1, abs=1e-4)


def test_of_equal_scores_the_larger_id_comes_first():
    assert list(probabilities({"b": 1.0, "a": 1.0, "c": 2.0})) == ["c", "b", "a"]


def test_scores_of_any_size_give_probabilities_above_0_in_their_order():
    scores = {f"d{number:04d}": -50.0 - number for number in range(2000)} | {"far": -1e30, "near": 1e30}
    found = probabilities(scores)
    assert list(found) == [doc_id for doc_id, _ in ranked(scores)]
    assert all(1 >= a > b > 0 for a, b in pairwise(found.values()))

"""Fusion of a first stage with a model."""

import numpy as np
import pytest

from inpars.rerank.fusion import PRIOR, WEIGHTS, choose_weight, fuse


def test_scores_are_standardised_query_by_query():
    fused = fuse({"q": {"a": 30.0, "b": 20.0, "c": 10.0}}, {"q": {"a": 0.1, "b": 0.2, "c": 0.3}}, 0.25)
    z = np.array([1, 0, -1]) / np.sqrt(2 / 3)
    expected = 0.75 * z + 0.25 * -z
    assert list(fused["q"]) == ["a", "b", "c"]
    assert list(fused["q"].values()) == pytest.approx(expected.tolist())


def test_the_scale_of_either_side_does_not_matter():
    first, model = {"q": {"a": 3.0, "b": 2.0, "c": 0.5}}, {"q": {"a": 0.2, "b": 0.9, "c": 0.4}}
    other = {"q": {doc: 7 * score + 100 for doc, score in model["q"].items()}}
    assert fuse(first, model, 0.6)["q"] == pytest.approx(fuse(first, other, 0.6)["q"])


def test_only_documents_that_both_have_are_fused():
    assert fuse({"q": {"a": 1.0, "b": 2.0}}, {"q": {"b": 1.0, "c": 2.0}}, 0.5) == {"q": {"b": 0.0}}
    assert fuse({}, {"q": {}}, 0.5) == {"q": {}}


def test_equal_scores_on_one_side_leave_the_other_to_decide():
    fused = fuse({"q": {"a": 1.0, "b": 1.0}}, {"q": {"a": 0.1, "b": 0.2}}, 0.5)["q"]
    assert fused["b"] > fused["a"]


def ranking(rank):
    """Ten documents with falling scores, the relevant one at `rank` from 0."""
    doc_ids = [f"d{number}" for number in range(9)]
    doc_ids.insert(rank, "rel")
    return {doc_id: 10.0 - place for place, doc_id in enumerate(doc_ids)}


def runs(n, first_rank, model_rank):
    """`n` queries whose one relevant document stands at a given rank in each run."""
    qrels = {f"q{number}": {"rel": 1} for number in range(n)}
    return dict.fromkeys(qrels, ranking(first_rank)), dict.fromkeys(qrels, ranking(model_rank)), qrels


def test_where_the_held_out_queries_cannot_tell_the_prior_stands():
    first, model, qrels = runs(20, 0, 0)
    assert choose_weight(first, model, qrels).weight == PRIOR


def test_a_clear_winner_moves_the_weight_but_silences_nobody():
    assert choose_weight(*runs(20, 9, 0)).weight == max(WEIGHTS)
    assert choose_weight(*runs(20, 0, 9)).weight == min(WEIGHTS)


def test_a_winner_within_the_noise_moves_nothing():
    """One query in twenty where the model is better: the mean rises, by less than its standard error."""
    first, model, qrels = runs(20, 0, 0)
    first["q0"] = ranking(9)
    choice = choose_weight(first, model, qrels)
    assert max(choice.held_out.values()) > choice.held_out[f"{PRIOR:.2f}"]
    assert choice.weight == PRIOR


def test_every_weight_that_was_tried_is_reported():
    choice = choose_weight(*runs(5, 3, 1))
    assert list(choice.held_out) == [f"{weight:.2f}" for weight in WEIGHTS]
    assert all(0 < value <= 1 for value in choice.held_out.values())

"""The weight of a model fused with a first stage."""

from inpars.rerank.fusion_weight import EXTRACTED, WRITTEN, choose_weight, fuse_runs
from inpars.retrieve.fusion import PRIOR


def test_runs_are_fused_query_by_query_in_the_order_of_the_last():
    first, model = {"q1": {"a": 1.0, "b": 2.0}}, {"q2": {"c": 1.0}, "q1": {"a": 1.0, "b": 0.0}}
    fused = dict(fuse_runs([first, model], [0.25, 0.75]))
    assert list(fused) == ["q2", "q1"]
    assert fused == {"q2": {"c": 0.0}, "q1": {"a": 0.5, "b": -0.5}}


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
    assert choose_weight(*runs(20, 9, 0), EXTRACTED).weight == max(EXTRACTED)
    assert choose_weight(*runs(20, 0, 9), EXTRACTED).weight == min(EXTRACTED)


def test_queries_that_were_written_raise_the_models_weight_and_never_lower_it():
    assert choose_weight(*runs(20, 9, 0), WRITTEN).weight > 0.7
    assert choose_weight(*runs(20, 0, 9), WRITTEN).weight == min(WRITTEN) == PRIOR


def test_a_winner_within_the_noise_moves_nothing():
    """One query in twenty where the model is better: the mean rises, by less than its standard error."""
    first, model, qrels = runs(20, 0, 0)
    first["q0"] = ranking(9)
    choice = choose_weight(first, model, qrels, EXTRACTED)
    assert max(choice.held_out.values()) > choice.held_out[f"{PRIOR:.2f}"]
    assert choice.weight == PRIOR


def test_every_weight_that_was_tried_is_reported():
    choice = choose_weight(*runs(5, 3, 1))
    assert list(choice.held_out) == [f"{weight:.2f}" for weight in WRITTEN]
    assert all(0 < value <= 1 for value in choice.held_out.values())


def test_the_more_standard_errors_are_asked_for_the_longer_the_prior_stands():
    first, model, qrels = runs(20, 0, 0)
    for number in range(3):
        first[f"q{number}"] = ranking(9)
    assert choose_weight(first, model, qrels, errors=0.5).weight > PRIOR
    assert choose_weight(first, model, qrels, errors=2.0).weight == PRIOR

"""What a run says of its figures."""

import pytest

from inpars.pipeline.verdict import agreement, verdict
from inpars.rerank.held_out import Found


def metrics(tuned_minus_base, p, bm25=0.4):
    systems = {"bm25": bm25, "base": 0.5, "tuned": 0.5 + tuned_minus_base}
    rows = [("tuned", "base", tuned_minus_base, p), ("tuned", "bm25", 0.1, 0.01), ("base", "bm25", 0.1, 0.01)]
    return {
        "systems": {name: {"nDCG@10": value} for name, value in systems.items()},
        "comparisons": [
            {"system": s, "baseline": b, "measure": "nDCG@10", "delta": d, "p_holm": q} for s, b, d, q in rows
        ],
    }


@pytest.mark.parametrize(
    ("delta", "p", "words"),
    [
        (0.05, 0.01, "beats the base: +0.050"),
        (0.05, 0.30, "is above the base: +0.050"),
        (-0.05, 0.30, "does not beat the base: -0.050"),
        (-0.05, 0.01, "is worse than the base: -0.050"),
    ],
)
def test_a_gain_a_loss_and_chance_are_told_apart(delta, p, words):
    first = verdict(metrics(delta, p), "nDCG@10", best_step=20)[0]
    assert words in first
    assert ("may be chance" in first) == (p > 0.05)


def test_a_training_that_kept_the_base_says_so():
    sentences = verdict(metrics(0.0, 1.0), "nDCG@10", best_step=0)
    assert "'tuned' is the base" in sentences[0]


def test_where_nothing_beats_bm25_it_says_to_use_bm25():
    assert "use BM25" in verdict(metrics(0.01, 0.5, bm25=0.9), "nDCG@10", best_step=20)[-1]


def test_without_judgments_it_says_what_was_measured_and_how_to_get_a_verdict():
    found, what, how = agreement(Found(120, 84, 100), "bm25")
    assert found == (
        "BM25 finds the source of 84 of 120 held-out queries in its best 100; the other 36 count 0 for every system."
    )
    assert "do not say which system serves people better" in what
    assert "--queries" in how
    assert "flatter" in agreement(Found(120, 84, 100), "dense", trained_first_stage=True)[-1]
    assert "count 0" not in agreement(Found(120, 120, 100), "bm25")[0]

"""Pairs go in in any order and come out in it; batches hold what they may."""

import json
from collections.abc import Mapping

import numpy as np
import pytest

from inpars.models.scorers import family_of, load_scorer, pairs
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.pairs import batches, one_score


def test_batches_hold_every_place_once_longest_first_within_the_budget():
    lengths = [int(n) for n in np.random.default_rng(3).integers(1, 60, 200)]
    cut = list(batches(lengths, 128))
    assert sorted(place for batch in cut for place in batch) == list(range(200))
    assert all(max(lengths[p] for p in batch) * len(batch) <= 128 for batch in cut)
    flat = [lengths[place] for batch in cut for place in batch]
    assert flat == sorted(lengths, reverse=True)
    assert len(cut) < 1.2 * sum(lengths) / 128 + 1


def test_an_input_longer_than_the_budget_has_a_batch_of_its_own():
    assert list(batches([3, 500, 2], 128)) == [[1], [0, 2]]
    assert list(batches([], 128)) == []


def test_two_labels_are_scored_by_how_far_relevant_lies_above():
    assert one_score(np.array([[1.0, 3.5], [2.0, -1.0]])).tolist() == [2.5, -3.0]
    assert one_score(np.array([[1.0], [2.0]])).tolist() == [1.0, 2.0]


class Watched(Mapping):
    """Texts that count how many are looked up between two scorings."""

    def __init__(self, texts):
        self.texts, self.looked_up = texts, []

    def __getitem__(self, key):
        self.looked_up.append(key)
        return self.texts[key]

    def __iter__(self):
        return iter(self.texts)

    def __len__(self):
        return len(self.texts)


def test_texts_are_looked_up_window_by_window_and_once_in_each(tiny_cross_encoder, toy_rows, monkeypatch):
    monkeypatch.setattr(pairs, "_WINDOW", 10)
    texts = {row["_id"]: row["text"] for row in toy_rows}
    queries, candidates = {"a": "wing", "b": "jet"}, {"a": list(texts)[:15], "b": list(texts)[10:25]}
    watched, windows = Watched(texts), []
    scorer = load_scorer(tiny_cross_encoder, ScoringOptions(precision="fp32", device="cpu"))
    score = scorer.score_tokens
    monkeypatch.setattr(scorer, "score_tokens", lambda inputs: (windows.append(len(inputs)), score(inputs))[1])
    run = scorer.score(queries, watched, candidates)
    assert windows == [10, 10, 10]
    assert watched.looked_up == [*list(texts)[:10], *list(texts)[10:15], *list(texts)[15:25]]
    whole = load_scorer(tiny_cross_encoder, ScoringOptions(precision="fp32", device="cpu", engine="eager"))
    assert run["b"] == pytest.approx(whole.score(queries, texts, candidates)["b"], abs=1e-5)


def test_a_query_without_candidates_has_an_empty_ranking(tiny_cross_encoder):
    scorer = load_scorer(tiny_cross_encoder, ScoringOptions(precision="fp32", device="cpu"))
    assert scorer.score({"a": "wing", "b": "jet"}, {"d": "lift"}, {"b": ["d"]}).keys() == {"a", "b"}
    assert scorer.score({"a": "wing"}, {}, {}) == {"a": {}}
    assert scorer.score({}, {}, {}) == {}


def test_the_family_is_read_from_the_files(tiny_t5, tiny_cross_encoder, tiny_bi_encoder):
    assert family_of(str(tiny_t5)) == "seq2seq"
    assert family_of(str(tiny_cross_encoder)) == "cross-encoder"
    assert family_of(str(tiny_bi_encoder)) == "bi-encoder"


def test_an_encoder_with_a_decoder_that_names_no_architecture_is_seq2seq(tiny_t5, tmp_path):
    config = json.loads((tiny_t5 / "config.json").read_text())
    del config["architectures"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert family_of(str(tmp_path)) == "seq2seq"

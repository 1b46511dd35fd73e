"""The train stage with real, tiny models."""

import json

import pytest
from sentence_transformers import CrossEncoder, SentenceTransformer

import inpars
from inpars.data.artifacts import facts_of, fingerprint_of, sidecar
from inpars.errors import InparsError, OptionError
from inpars.train.selection import Selection

FAST = {
    "batch_size": 8,
    "held_out_queries": 10,
    "held_out_depth": 10,
    "max_length": 32,
    "epochs": 2,
    "base_shares": [0.5, 0.0],
}


@pytest.fixture(scope="module")
def triples(toy_corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("triples")
    queries = inpars.generate(toy_corpus, folder / "queries.jsonl", queries_per_document=3)
    return inpars.mine_negatives(queries, toy_corpus, folder / "triples.jsonl", negatives_per_query=2)


@pytest.fixture(params=["bi-encoder", "cross-encoder"])
def family(request, tiny_bi_encoder, tiny_cross_encoder):
    base = {"bi-encoder": tiny_bi_encoder, "cross-encoder": tiny_cross_encoder}[request.param]
    return {"family": request.param, "base_model": str(base)}


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def test_a_trained_model_loads_and_says_what_it_is(triples, toy_corpus, tmp_path, family):
    model = inpars.train(triples, toy_corpus, tmp_path / "model", learning_rate=1e-3, **family, **FAST)
    about = json.loads((model / "inpars.json").read_text())
    assert about["family"] == family["family"]
    assert about["training_data"] == fingerprint_of(triples)
    scored = [(candidate["step"], candidate["base_share"]) for candidate in about["candidates"]]
    assert scored == [(0, 1.0), (about["steps"], 0.5), (about["steps"], 0.0)]
    loaded = (SentenceTransformer if family["family"] == "bi-encoder" else CrossEncoder)(str(model), device="cpu")
    assert sum(p.numel() for p in loaded.parameters())
    assert not list(tmp_path.glob(".*")), "nothing of the work is left behind"


@pytest.fixture(scope="module")
def good_model(triples, toy_corpus, tiny_bi_encoder, tmp_path_factory):
    """A model that has learnt the toy documents."""
    output = tmp_path_factory.mktemp("good") / "model"
    options = FAST | {"epochs": 6, "learning_rate": 5e-3, "base_model": str(tiny_bi_encoder)}
    return inpars.train(triples, toy_corpus, output, **options)


def test_training_keeps_the_step_that_ranks_the_held_out_queries_best(good_model, tiny_bi_encoder):
    facts = facts_of(good_model)
    base, *trained = facts["candidates"]
    best = max(trained, key=lambda candidate: candidate["held_out_ndcg@10"])
    assert best["gain_in_standard_errors"] >= 1
    assert (facts["best_step"], facts["best_base_share"]) == (best["step"], best["base_share"])
    assert best["held_out_ndcg@10"] > base["held_out_ndcg@10"]
    assert weights(good_model) != weights(tiny_bi_encoder)


def test_the_untouched_base_is_kept_when_training_ruins_the_model(good_model, triples, toy_corpus, tmp_path, capsys):
    """A good base and an absurd learning rate: step 0 must win, and its weights must come back unharmed."""
    ruined = inpars.train(
        triples, toy_corpus, tmp_path / "ruined", base_model=str(good_model), learning_rate=10.0, **FAST
    )
    assert facts_of(ruined)["best_step"] == 0
    assert weights(ruined) == weights(good_model)
    assert "untouched base" in capsys.readouterr().err


def test_a_second_call_has_nothing_to_do_and_another_option_redoes(triples, toy_corpus, tmp_path, tiny_bi_encoder):
    call = lambda **more: inpars.train(  # noqa: E731
        triples, toy_corpus, tmp_path / "model", base_model=str(tiny_bi_encoder), **FAST | more
    )
    before = sidecar(call()).stat().st_mtime_ns
    assert sidecar(call()).stat().st_mtime_ns == before
    assert sidecar(call(seed=2)).stat().st_mtime_ns != before


def test_the_same_seed_gives_the_same_bytes(triples, toy_corpus, tmp_path, family):
    one, two = (
        inpars.train(triples, toy_corpus, tmp_path / name, learning_rate=1e-3, **family, **FAST) for name in "ab"
    )
    assert weights(one) == weights(two)


def test_a_killed_training_goes_on_from_its_last_evaluation(
    triples, toy_corpus, tmp_path, tiny_bi_encoder, monkeypatch
):
    options = {"base_model": str(tiny_bi_encoder), "learning_rate": 1e-3, "evaluations": 4, **FAST}
    whole = inpars.train(triples, toy_corpus, tmp_path / "whole", **options)
    scored: list[tuple[int, float]] = []
    score = Selection._score

    def stop_at_the_fifth(self, step, share):
        if len(scored) == 4:
            raise KeyboardInterrupt
        scored.append((step, share))
        score(self, step, share)

    monkeypatch.setattr(Selection, "_score", stop_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        inpars.train(triples, toy_corpus, tmp_path / "halves", **options)
    assert not (tmp_path / "halves").exists()
    resumed: list[tuple[int, float]] = []
    monkeypatch.setattr(Selection, "_score", lambda self, *at: (resumed.append(at), score(self, *at)))
    halves = inpars.train(triples, toy_corpus, tmp_path / "halves", **options)
    everything = [(c["step"], c["base_share"]) for c in facts_of(whole)["candidates"]]
    last_checkpoint = scored[2][0]
    assert resumed == [at for at in everything if at[0] > last_checkpoint]
    assert facts_of(halves)["candidates"] == facts_of(whole)["candidates"]
    assert weights(halves) == weights(whole)


def test_a_model_that_is_not_there_is_a_clear_error(triples, toy_corpus, tmp_path):
    with pytest.raises(InparsError, match="no model at"):
        inpars.train(triples, toy_corpus, tmp_path / "model", base_model=str(tmp_path / "nothing"), **FAST)


def test_an_unknown_option_suggests_the_right_one(triples, toy_corpus, tmp_path):
    with pytest.raises(OptionError, match="did you mean 'learning_rate'"):
        inpars.train(triples, toy_corpus, tmp_path / "model", learning_rat=1.0)

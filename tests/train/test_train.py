"""The train stage with real, tiny models."""

import json

import pytest
from sentence_transformers import CrossEncoder, SentenceTransformer

import inpars
from inpars.data.artifacts import facts_of, fingerprint_of, sidecar
from inpars.errors import InparsError, OptionError

FAST = {
    "batch_size": 8,
    "held_out_queries": 10,
    "held_out_depth": 10,
    "max_length": 32,
    "epochs": 2,
    "base_shares": [0.5, 0.0],
}


@pytest.fixture(scope="module")
def triples(toy_triples):
    return toy_triples


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
    assert about["training_data"]["triples"] == fingerprint_of(triples)
    assert about["hyper_parameters"]["learning_rate"] == 1e-3
    assert about["weights"]["base"] != about["weights"]["model"] or not about["tuned"]
    assert (model / "README.md").read_text().startswith("---")
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
    best = max(trained, key=lambda candidate: candidate["selection_score"])
    assert best["gain_in_standard_errors"] >= 1
    assert (facts["best_step"], facts["best_base_share"]) == (best["step"], best["base_share"])
    assert best["selection_score"] > base["selection_score"]
    assert facts["tuned"] is True
    assert facts["weights"]["model"] != facts["weights"]["base"]
    assert weights(good_model) != weights(tiny_bi_encoder)


def test_the_untouched_base_is_kept_when_training_ruins_the_model(good_model, triples, toy_corpus, tmp_path, capsys):
    """A good base and an absurd learning rate: step 0 must win, and its weights must come back unharmed."""
    ruined = inpars.train(
        triples, toy_corpus, tmp_path / "ruined", base_model=str(good_model), learning_rate=10.0, **FAST
    )
    facts = facts_of(ruined)
    assert (facts["best_step"], facts["tuned"]) == (0, False)
    assert facts["weights"]["model"] == facts["weights"]["base"]
    assert json.loads((ruined / "inpars.json").read_text())["tuned"] is False
    assert weights(ruined) == weights(good_model)
    assert "kept the base model: no checkpoint was clearly better" in capsys.readouterr().err


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


def test_a_model_that_is_not_there_is_a_clear_error(triples, toy_corpus, tmp_path):
    with pytest.raises(InparsError, match="there is no model"):
        inpars.train(triples, toy_corpus, tmp_path / "model", base_model=str(tmp_path / "nothing"), **FAST)


def test_an_unknown_option_suggests_the_right_one(triples, toy_corpus, tmp_path):
    with pytest.raises(OptionError, match="did you mean 'learning_rate'"):
        inpars.train(triples, toy_corpus, tmp_path / "model", learning_rat=1.0)


def test_an_argument_that_the_trainer_cannot_follow_is_a_clear_error(triples, toy_corpus, tmp_path, tiny_bi_encoder):
    with pytest.raises(OptionError, match=r"training arguments: .*bogus"):
        inpars.train(
            triples,
            toy_corpus,
            tmp_path / "m",
            base_model=tiny_bi_encoder,
            held_out_queries=10,
            arguments={"report_to": "bogus"},
        )

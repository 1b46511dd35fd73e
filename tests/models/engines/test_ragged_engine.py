"""The ragged engine computes what the padded model does, for nothing but real tokens."""

import numpy as np
import pytest
import torch

from inpars.models.engines import Unsuitable
from inpars.models.engines.eager import Eager
from inpars.models.engines.ragged import Ragged, engine
from inpars.models.engines.ragged.linear import Linear

LENGTHS = (40, 33, 33, 17, 9, 60, 2, 1, 25)


def run(made, precision, inputs):
    return Ragged(made, precision=precision, device="cpu").run(inputs)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
        {"feed_forward_proj": "gated-gelu", "model_type": "mt5"},
        {
            "num_decoder_layers": 3,
            "d_kv": 8,
            "relative_attention_num_buckets": 8,
            "relative_attention_max_distance": 20,
        },
    ],
    ids=["t5", "t5-1.1", "mt5", "other-shape"],
)
def test_t5_scores_are_the_padded_models(tiny_seq2seq, some_inputs, options):
    inputs = some_inputs(LENGTHS)
    expected = Eager(tiny_seq2seq(**options), precision="fp32", device="cpu").run(inputs)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(run(tiny_seq2seq(**options), "fp32", inputs), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("Bert", {}),
        ("Bert", {"num_labels": 2, "hidden_act": "relu"}),
        ("Roberta", {"pad_token_id": 1}),
        ("XLMRoberta", {"pad_token_id": 1, "num_hidden_layers": 1}),
        ("Electra", {"embedding_size": 16}),
    ],
)
@pytest.mark.parametrize("types", [True, False])
def test_classifiers_scores_are_the_padded_models(tiny_classifier, some_inputs, architecture, options, types):
    types = types and "Roberta" not in architecture
    model = tiny_classifier(architecture, **options)
    inputs = some_inputs(LENGTHS, types=types)
    expected = Eager(model, precision="fp32", device="cpu").run(inputs)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(run(model, "fp32", inputs), expected, atol=1e-4)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_reduced_precision_keeps_the_order_of_what_lies_apart(tiny_seq2seq, some_inputs, same_order, precision):
    inputs = some_inputs([40, 33, 30, 28, 17, 9, 60, 12, 25, 31, 22, 50])
    expected = Eager(tiny_seq2seq(), precision="fp32", device="cpu").run(inputs)
    try:
        found = run(tiny_seq2seq(), precision, inputs)
    except Unsuitable as reason:
        pytest.skip(str(reason))
    assert found.dtype == np.float32
    assert same_order(expected, found)


def test_pieces_on_several_threads_come_back_in_order(tiny_seq2seq, some_inputs, monkeypatch):
    monkeypatch.setattr(engine, "_PIECE", 64)
    inputs = some_inputs(LENGTHS)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        made = Ragged(tiny_seq2seq(), precision="fp32", device="cpu")
        alone = np.concatenate([made.run([one]) for one in inputs])
        np.testing.assert_allclose(made.run(inputs), alone, atol=1e-5)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_model_that_only_looks_like_its_family_is_refused(tiny_classifier):
    model = tiny_classifier("Bert")
    # As a subclass might: the same layers, used in another way.
    model.model.base_model.encoder.register_forward_hook(
        lambda module, inputs, output: type(output)(last_hidden_state=output.last_hidden_state.flip(-1))
    )
    with pytest.raises(Unsuitable, match="differ"):
        Ragged(model, precision="fp32", device="cpu")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"device": "cuda"}, "runs on processors"),
        ({"compile": True}, "not compiled"),
        ({"precision": "fp16"}, "fp32, bf16 or int8"),
    ],
)
def test_what_it_cannot_do_is_said(tiny_seq2seq, options, reason):
    with pytest.raises(Unsuitable, match=reason):
        Ragged(tiny_seq2seq(), **{"precision": "fp32", "device": "cpu", **options})


def test_an_unknown_kind_of_model_is_refused(tiny_classifier):
    with pytest.raises(Unsuitable, match="distilbert"):
        Ragged(tiny_classifier("DistilBert", dim=32, n_heads=2), precision="fp32", device="cpu")


@pytest.mark.parametrize("activation", ["none", "relu", "gelu", "gelu-tanh"])
def test_int8_layers_lie_within_a_hundredth_of_their_inputs_range(activation):
    torch.manual_seed(0)
    weight, bias, rows = torch.randn(24, 64), torch.randn(24), torch.randn(50, 64)
    try:
        found = Linear(weight, bias, "int8", activation)(rows).float()
    except RuntimeError as error:
        pytest.skip(f"this processor multiplies no int8: {error}")
    exact = Linear(weight, bias, "fp32", activation)(rows)
    assert (found - exact).abs().max() < 0.02 * exact.abs().max()

"""Training learns: a rule that no match of words gives away, on queries and documents never trained on."""

import importlib.util
from pathlib import Path

import pytest

import inpars

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "learning.py"


@pytest.fixture(scope="module")
def learning():
    if not BENCHMARK.is_file():
        pytest.skip("the benchmarks are not part of this distribution")
    spec = importlib.util.spec_from_file_location("inpars_benchmark_learning", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("way", "loss", "steps"),
    [
        ("bi-encoder", "margin-mse", 120),
        ("llm", "pointwise", 200),
        pytest.param("seq2seq", "softmax", 600, marks=pytest.mark.slow),
        pytest.param("cross-encoder", "pointwise", 400, marks=pytest.mark.slow),
        pytest.param("llm, LoRA", "kl", 400, marks=pytest.mark.slow),
    ],
)
def test_a_trained_model_knows_what_its_base_does_not(learning, tmp_path, way, loss, steps):
    options = learning.COMMON | learning.WAYS[way] | {"loss": loss, "max_steps": steps, "held_out_queries": 20}
    triples, corpus = learning.make_data(tmp_path)
    base = learning.make_model(options["family"], tmp_path / "base")
    assert 0.4 < learning.accuracy(base, options.get("scheme"), n=100) < 0.6
    model = inpars.train(triples, corpus, tmp_path / "model", base_model=str(base), **options)
    assert learning.accuracy(model, n=100) > 0.9

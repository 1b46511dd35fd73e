"""OpenVINO computes what torch does, in any shape, and keeps to itself."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from inpars.models.engines import Unsuitable
from inpars.models.engines.eager import Eager
from inpars.models.engines.openvino import OpenVino

SHAPES = [[60, 7, 33, 7, 12], [7], [60], [5, 4, 3, 2, 1]]


def has_bf16() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported())


@pytest.fixture(scope="module")
def seq2seq(tiny_seq2seq: Callable[..., Any]) -> OpenVino:
    return OpenVino(tiny_seq2seq(), precision="fp32", device="cpu")


@pytest.mark.parametrize("lengths", SHAPES)
def test_a_seq2seq_model_scores_as_in_torch(
    seq2seq: OpenVino, tiny_seq2seq: Callable[..., Any], some_inputs: Callable[..., Any], lengths: list[int]
) -> None:
    inputs = some_inputs(lengths)
    found = seq2seq.run(inputs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, Eager(tiny_seq2seq(), precision="fp32", device="cpu").run(inputs), rtol=0, atol=1e-4
    )


def test_a_batch_leaves_the_one_before_as_it_was(seq2seq: OpenVino, some_inputs: Callable[..., Any]) -> None:
    first = seq2seq.run(some_inputs([7, 5]))
    kept = first.copy()
    seq2seq.run(some_inputs([7, 5], seed=1))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("options", [{"architecture": "Bert", "num_labels": 2}, {"architecture": "DistilBert"}])
def test_a_classifier_scores_as_in_torch(
    tiny_classifier: Callable[..., Any], some_inputs: Callable[..., Any], options: dict[str, Any]
) -> None:
    engine = OpenVino(tiny_classifier(**options), precision="fp32", device="cpu")
    eager = Eager(tiny_classifier(**options), precision="fp32", device="cpu")
    for lengths in SHAPES:
        inputs = some_inputs(lengths, types=options["architecture"] == "Bert")
        np.testing.assert_allclose(engine.run(inputs), eager.run(inputs), rtol=0, atol=1e-4)


def test_token_types_that_the_inputs_lack_are_of_the_first_segment(
    tiny_classifier: Callable[..., Any], some_inputs: Callable[..., Any]
) -> None:
    inputs = some_inputs([9, 4])
    engine = OpenVino(tiny_classifier(), precision="fp32", device="cpu")
    wanted = Eager(tiny_classifier(), precision="fp32", device="cpu").run(inputs)
    np.testing.assert_allclose(engine.run(inputs), wanted, rtol=0, atol=1e-4)


@pytest.mark.skipif(not has_bf16(), reason="needs a processor with bf16 products")
def test_bf16_keeps_the_order(
    tiny_classifier: Callable[..., Any], some_inputs: Callable[..., Any], same_order: Callable[..., bool]
) -> None:
    inputs = some_inputs(range(5, 45), types=True)
    exact = Eager(tiny_classifier(), precision="fp32", device="cpu").run(inputs)
    coarse = OpenVino(tiny_classifier(), precision="bf16", device="cpu").run(inputs)
    assert same_order(exact, coarse)
    assert np.abs(exact - coarse).max() > 1e-4, "nothing was rounded"


@pytest.mark.parametrize(("precision", "device"), [("int8", "cpu"), ("fp16", "cpu"), ("fp32", "cuda")])
def test_what_it_cannot_do_is_said(tiny_seq2seq: Callable[..., Any], precision: Any, device: str) -> None:
    with pytest.raises(Unsuitable, match=device if device != "cpu" else precision):
        OpenVino(tiny_seq2seq(), precision=precision, device=device)


def test_a_missing_library_names_the_line_that_installs_it(
    tiny_seq2seq: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(Unsuitable, match=r'pip install "inpars\[openvino\]"'):
        OpenVino(tiny_seq2seq(), precision="fp32", device="cpu")


class Unconvertible(torch.nn.Module):
    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        raise ValueError("no graph for this\nand more about it")


def test_a_model_that_does_not_convert_is_unsuitable_with_its_cause() -> None:
    with pytest.raises(Unsuitable, match=r"no graph for this$"):
        OpenVino(Unconvertible(), precision="fp32", device="cpu")


def test_the_process_is_left_as_it_was(tiny_seq2seq: Callable[..., Any]) -> None:
    def state() -> Any:
        root = logging.getLogger()
        return dict(os.environ), root.level, list(root.handlers), list(root.filters), torch.get_num_threads()

    before = state()
    OpenVino(tiny_seq2seq(), precision="fp32", device="cpu")
    assert state() == before


def test_nothing_is_reported(tmp_path: Any) -> None:
    # A package that reports leaves its identity in the home folder as soon as it is imported.
    code = (
        "from inpars.models.engines.openvino import _unreported, needed\n"
        "with _unreported():\n    needed('openvino', 'openvino')\n"
        "import sys; assert 'openvino' in sys.modules and 'openvino_telemetry' not in sys.modules"
    )
    # Continuous integration is told apart by this variable, and spared.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    subprocess.run([sys.executable, "-c", code], env={**environment, "HOME": str(tmp_path)}, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

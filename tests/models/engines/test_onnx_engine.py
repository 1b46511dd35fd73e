"""ONNX Runtime computes what torch does, in any shape, and leaves nothing behind."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inpars.models.engines import Unsuitable
from inpars.models.engines.eager import Eager
from inpars.models.engines.onnx import Onnx

SHAPES = [[60, 7, 33, 7, 12], [7], [60], [5, 4, 3, 2, 1]]


@pytest.fixture(scope="module")
def seq2seq(tiny_seq2seq: Callable[..., Any]) -> Onnx:
    return Onnx(tiny_seq2seq(), precision="fp32", device="cpu")


@pytest.fixture(scope="module")
def classifier(tiny_classifier: Callable[..., Any]) -> Onnx:
    return Onnx(tiny_classifier(num_labels=2), precision="auto", device="cpu")


@pytest.mark.parametrize("lengths", SHAPES)
def test_a_seq2seq_model_scores_as_in_torch(
    seq2seq: Onnx, tiny_seq2seq: Callable[..., Any], some_inputs: Callable[..., Any], lengths: list[int]
) -> None:
    inputs = some_inputs(lengths)
    found, wanted = seq2seq.run(inputs), Eager(tiny_seq2seq(), precision="fp32", device="cpu").run(inputs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("types", [True, False])
def test_a_classifier_scores_as_in_torch_with_token_types_or_without(
    classifier: Onnx, tiny_classifier: Callable[..., Any], some_inputs: Callable[..., Any], types: bool
) -> None:
    eager = Eager(tiny_classifier(num_labels=2), precision="fp32", device="cpu")
    for lengths in SHAPES:
        inputs = some_inputs(lengths, types=types)
        np.testing.assert_allclose(classifier.run(inputs), eager.run(inputs), rtol=0, atol=1e-4)


def test_a_batch_leaves_the_one_before_as_it_was(seq2seq: Onnx, some_inputs: Callable[..., Any]) -> None:
    first = seq2seq.run(some_inputs([7, 5]))
    kept = first.copy()
    seq2seq.run(some_inputs([7, 5], seed=1))
    np.testing.assert_array_equal(first, kept)


def test_int8_keeps_the_order_and_the_process_and_the_disk_are_left_as_they_were(
    tiny_seq2seq: Callable[..., Any],
    some_inputs: Callable[..., Any],
    same_order: Callable[..., bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    root, exporter = logging.getLogger(), logging.getLogger("torch.onnx._internal.exporter._registration")

    def state() -> Any:
        return dict(os.environ), root.level, list(root.handlers), list(root.filters), exporter.level

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handlers, root.handlers = root.handlers, []  # pytest's own, which keep `logging.info` from adding one
    try:
        model, before = tiny_seq2seq(), state()
        capfd.readouterr()
        engine = Onnx(model, precision="int8", device="cpu")
        assert state() == before
    finally:
        root.handlers = handlers
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")

    inputs = some_inputs(range(5, 45))
    exact, coarse = Eager(tiny_seq2seq(), precision="fp32", device="cpu").run(inputs), engine.run(inputs)
    assert same_order(exact, coarse)
    assert np.abs(exact - coarse).max() > 1e-4, "nothing was rounded"


@pytest.mark.parametrize(
    ("precision", "device", "said"), [("bf16", "cpu", "bf16"), ("fp16", "cpu", "fp16"), ("auto", "mps", "mps")]
)
def test_what_it_cannot_do_is_said(tiny_seq2seq: Callable[..., Any], precision: Any, device: str, said: str) -> None:
    with pytest.raises(Unsuitable, match=said):
        Onnx(tiny_seq2seq(), precision=precision, device=device)


@pytest.mark.parametrize("library", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_library_names_the_line_that_installs_it(
    tiny_seq2seq: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(Unsuitable, match=rf'{library}.*pip install "inpars\[onnx\]"'):
        Onnx(tiny_seq2seq(), precision="fp32", device="cpu")


class Unconvertible(torch.nn.Module):
    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        raise ValueError("no graph for this\nand more about it")


def test_a_model_that_does_not_convert_is_unsuitable_with_its_cause() -> None:
    with pytest.raises(Unsuitable, match=r"no graph for this$"):
        Onnx(Unconvertible(), precision="fp32", device="cpu")


def test_nothing_is_reported(tmp_path: Path) -> None:
    # A build that reports leaves an identity of the machine in the home folder as soon as it is imported.
    code = (
        "from inpars.models.engines.onnx import _unreported, needed\n"
        "with _unreported():\n    needed('onnxruntime', 'onnx')\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

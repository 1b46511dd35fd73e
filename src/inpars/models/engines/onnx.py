"""ONNX Runtime: the model exported once, in fp32 or with int8 weights, on any processor or GPU it knows."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from inpars.models.engines import Unsuitable
from inpars.models.engines.conversion import arrays_for, example_inputs, needed, pretrained, reason
from inpars.models.precision import ScoringPrecision
from inpars.models.scorers.tokens import Tokens


class Onnx:
    """Batch and length stay free. "auto" is fp32; int8 quantises weights by channel and activations as they come."""

    name = "onnx"

    def __init__(self, model: Any, *, precision: ScoringPrecision, device: str, compile: bool = False) -> None:
        if precision in ("bf16", "fp16"):
            raise Unsuitable(f"ONNX Runtime runs here in fp32 or int8, not in {precision}")
        with _unreported():
            runtime = needed("onnxruntime", "onnx")
        for library in ("onnx", "onnxscript"):
            needed(library, "onnx")
        provider = _provider(runtime, device)
        self.tokens, self.pad_id = 4096, getattr(model, "pad_id", 0)
        # Weights lie in a file of their own beside the graph, which may have no more than 2 GB.
        with tempfile.TemporaryDirectory(prefix="inpars-onnx-", ignore_cleanup_errors=True) as folder:
            try:
                path = Path(folder) / "model.onnx"
                _export(model.to("cpu").eval(), path)
                if precision == "int8":
                    path = _quantised(path)
                self._session = runtime.InferenceSession(path, _settings(runtime), providers=[provider])
            except Exception as error:  # a converter may fail on a model in any way
                raise Unsuitable(f"ONNX Runtime cannot run it: {reason(error)}") from error
        self._names = [place.name for place in self._session.get_inputs()]

    def run(self, batch: Sequence[Tokens]) -> np.ndarray:
        """The outputs for each input, float32, shape (len(batch), outputs)."""
        found = self._session.run(None, arrays_for(self._names, batch, self.pad_id))[0]
        return np.asarray(found, dtype=np.float32)


def _provider(runtime: Any, device: str) -> Any:
    if device == "cpu":
        return "CPUExecutionProvider"
    if device.startswith("cuda") and "CUDAExecutionProvider" in runtime.get_available_providers():
        return ("CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)})
    raise Unsuitable(f"this build of ONNX Runtime does not run on {device}")


def _settings(runtime: Any) -> Any:
    import torch

    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    settings.log_severity_level = 3  # errors
    return settings


def _export(model: Any, path: Path) -> None:
    import torch

    example = {name: torch.from_numpy(array) for name, array in example_inputs(model).items()}
    free = torch.export.Dim.DYNAMIC
    with _quiet_export(), _eager_attention(model), torch.no_grad():
        program = torch.onnx.export(
            model,
            kwargs=example,
            dynamo=True,
            dynamic_shapes={name: {0: free, 1: free} for name in example},
            input_names=list(example),
            verbose=False,
        )
        program.save(path, external_data=True)


def _quantised(path: Path) -> Path:
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The quantiser turns weights around and then stumbles over the shapes that the exporter noted of them.
    # It infers all shapes itself; without the property it would ask for that on the root logger.
    graph = onnx.load(path, load_external_data=False)
    del graph.graph.value_info[:]
    onnx.helper.set_model_props(graph, {"onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.save(graph, path)
    target = path.with_name("int8.onnx")
    with _root_handler():
        quantize_dynamic(
            path,
            target,
            op_types_to_quantize=["MatMul"],  # embeddings would lose accuracy and win no time
            per_channel=True,
            weight_type=QuantType.QInt8,
            # Without VNNI sums of two products overflow 16 bits unless weights keep to 7.
            reduce_range=not torch.cpu._is_vnni_supported(),
            use_external_data_format=True,
        )
    return target


@contextmanager
def _eager_attention(model: Any) -> Iterator[None]:
    """Within, attention is written out as products and a softmax.

    torch's fused operator exports as more than these: it guards against rows that may attend to nothing.
    """
    inner = pretrained(model)[:1]
    before = [found.config._attn_implementation for found in inner]
    for found in inner:
        found.set_attn_implementation("eager")
    try:
        yield
    finally:
        for found, attention in zip(inner, before, strict=True):
            found.set_attn_implementation(attention)


@contextmanager
def _quiet_export() -> Iterator[None]:
    """Within, torch's exporter does not speak of what it does not need or folds away."""
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")  # "torchvision is not installed"
    level = registration.level
    registration.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            # The constant branch of T5's position buckets takes log(0) and then does not use it.
            warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"onnx\.reference")
            yield
    finally:
        registration.setLevel(level)


@contextmanager
def _root_handler() -> Iterator[None]:
    """Within, the root logger has a handler: the quantiser's `logging.info` would else install one for good."""
    root, handler = logging.getLogger(), logging.lastResort
    if root.handlers or handler is None:
        yield
        return
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


@contextmanager
def _unreported() -> Iterator[None]:
    """Within, `import onnxruntime` starts no telemetry, which its builds otherwise do; it asks only then."""
    name = "ORT_DISABLE_TELEMETRY"
    if name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]

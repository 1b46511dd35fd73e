"""OpenVINO: the model as one graph, optimised for the processor it runs on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from inpars.models.engines import Unsuitable
from inpars.models.engines.conversion import arrays_for, example_inputs, needed, reason
from inpars.models.precision import ScoringPrecision, resolve
from inpars.models.scorers.tokens import Tokens

_FORMATS = {"fp32": "f32", "bf16": "bf16"}


class OpenVino:
    """Converts the torch module in memory; batch and length stay free, nothing touches the disk.

    sentence-transformers reaches OpenVINO through optimum-intel alone, whose releases refuse transformers 5.
    """

    name = "openvino"

    def __init__(self, model: Any, *, precision: ScoringPrecision, device: str, compile: bool = False) -> None:
        import torch

        if device != "cpu":
            raise Unsuitable(f"OpenVINO runs here on the processor alone, not on {device}")
        if precision == "int8":
            raise Unsuitable("OpenVINO has int8 only for models that were calibrated; engine onnx quantises any")
        resolved = resolve(precision, device)
        with _unreported():
            core = needed("openvino", "openvino").Core()
        if resolved == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise Unsuitable("OpenVINO has no bf16 for this processor")
        if resolved not in _FORMATS:
            raise Unsuitable(f"OpenVINO has no {resolved} for processors")
        self.tokens, self.pad_id = 4096, getattr(model, "pad_id", 0)
        settings = {
            "INFERENCE_PRECISION_HINT": _FORMATS[resolved],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
            # Processes that score side by side would else all pin their threads to the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        example = example_inputs(model)
        try:
            self._compiled = core.compile_model(_graph(model.to("cpu").eval(), example), "CPU", settings)
        except Exception as error:  # a converter may fail on a model in any way
            raise Unsuitable(f"OpenVINO cannot convert it: {reason(error)}") from error
        # An input may have the tracer's names too, and one that the model ignores is not there.
        self._names = [name for port in self._compiled.inputs for name in port.get_names() if name in example]

    def run(self, batch: Sequence[Tokens]) -> np.ndarray:
        """The outputs for each input, float32, shape (len(batch), outputs)."""
        found = self._compiled(arrays_for(self._names, batch, self.pad_id))[0]
        return np.asarray(found, dtype=np.float32)


def _graph(model: Any, example: dict[str, np.ndarray]) -> Any:
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    tensors = {name: torch.from_numpy(array) for name, array in example.items()}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        # OpenVINO still traces, which torch deprecates; and a trace reads every attribute of the model.
        warnings.filterwarnings("ignore", "`torch.jit.trace", DeprecationWarning)
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        # What convert_model does, without its telemetry and its hand on the root logger.
        decoder = TorchScriptPythonDecoder(model, example_input=tensors, trace_kwargs={"check_trace": False})
    front_end = FrontEndManager().load_by_framework("pytorch")
    return front_end.convert(front_end.load(decoder))


@contextmanager
def _unreported() -> Iterator[None]:
    """Within, `import openvino` finds no telemetry package and so reports nothing to anyone, then or later.

    Otherwise the import itself sends an event, unless a file in the user's home declines.
    """
    name = "openvino_telemetry"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]

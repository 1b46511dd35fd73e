"""Which engine runs a model on this machine: measured once where there is work enough, remembered after."""

from __future__ import annotations

import copy
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inpars.data.files import read_json, write_json
from inpars.data.hashes import hash_of
from inpars.data.places import cache_folder
from inpars.errors import OptionError
from inpars.models.engines import ENGINES, Engine, Unsuitable
from inpars.models.precision import ScoringPrecision
from inpars.models.quiet import quiet_loading
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.tokens import Tokens
from inpars.progress import say
from inpars.versions import versions_of

_WORTH_MEASURING = 1e14
"""Floating-point operations, some quarter of an hour of one core, beside which converting a model is little."""
_TYPICAL_LENGTH = 300
_TOLERANCE = 1e-3


class Choice:
    """The engine for one model, made when the amount of work is known.

    `load` returns the model anew: an engine that turns out unsuitable may have changed it.
    """

    def __init__(self, load: Callable[[], Any], options: ScoringOptions, device: str) -> None:
        self.load, self.options, self.device = load, options, device

    def engine(self, pairs: int) -> Engine:
        """The engine asked for by name, else the fastest known, else, for much work, the fastest found by trying.

        For little work it is the first that can run the model here. `OptionError` where an engine
        asked for by name cannot.
        """
        if self.options.engine != "auto":
            return self._made([self.options.engine])
        if self.device != "cpu":
            return self._made(["eager"])
        with quiet_loading():
            model = self.load()
        key = self._key(model)
        remembered = _remembered().get(key)
        if remembered is None and 2 * _weights(model) * _TYPICAL_LENGTH * pairs > _WORTH_MEASURING:
            remembered = self._fastest(key)
        return self._made([name for name in (remembered, "ragged", "eager") if name], model)

    def _made(self, names: list[str], loaded: Any = None) -> Engine:
        reasons = []
        for name in dict.fromkeys(names):
            engine = self._try(name, loaded)
            loaded = None
            if isinstance(engine, Unsuitable):
                reasons.append(f"engine {name} cannot run this model: {engine}")
                continue
            say("; ".join([*reasons, f"scoring with engine {engine.name} on {self.device}"]))
            return engine
        raise OptionError("; ".join(reasons))

    def _try(self, name: str, loaded: Any = None) -> Engine | Unsuitable:
        with quiet_loading():
            model = (self.load() if loaded is None else loaded).eval()
        options = self.options
        try:
            made: Engine = ENGINES[name](
                model, precision=options.precision, device=self.device, compile=options.compile
            )
        except Unsuitable as reason:
            return reason
        return made

    def _fastest(self, key: str) -> str | None:
        """The fastest engine whose scores are plain torch's, with what was measured said and remembered."""
        found: dict[str, float] = {}
        expected = None
        # Not onnx: exporting a large model takes minutes, and it has not been the fastest anywhere yet.
        for name in ("eager", "ragged", "openvino"):
            engine = self._try(name)
            if isinstance(engine, Unsuitable):
                continue
            outputs, seconds = _timed(engine)
            expected = outputs if expected is None else expected
            close = _TOLERANCE if self.options.precision == "fp32" else 0.1
            if np.allclose(outputs, expected, rtol=close, atol=close * float(np.abs(expected).max())):
                found[name] = len(_SAMPLE) / seconds
        if not found:
            return None
        best = max(found, key=lambda name: found[name])
        say("engines, pairs a second: " + ", ".join(f"{name} {speed:.1f}" for name, speed in found.items()))
        write_json(_speeds(), {**_remembered(), key: best})
        return best

    def _key(self, model: Any) -> str:
        """What the speeds depend on: the machine, the libraries, the model's shape and the number format."""
        import torch

        versions = versions_of(("torch", "openvino", "onnxruntime"))
        shape = {name: list(weight.shape) for name, weight in model.state_dict().items()}
        machine = [_processor(), torch.get_num_threads()]
        told = [machine, versions, shape, self.options.precision, self.options.compile]
        return hash_of(told)[:16]


class InMemory(Choice):
    """The engine for a model in memory, which stays as it is and may go on to be trained.

    It holds the weights of the moment when the first pairs are scored.
    """

    def __init__(self, model: Any, precision: ScoringPrecision, device: str) -> None:
        self.model, self.precision, self.device = model, precision, device

    def engine(self, pairs: int) -> Engine:
        """The ragged engine over a copy where it can run the model, else plain torch over the model itself."""
        if self.device == "cpu":
            from inpars.models.engines.ragged import Ragged

            try:
                Ragged.check_kind(self.model)
                return Ragged(copy.deepcopy(self.model).eval(), precision=self.precision, device=self.device)
            except Unsuitable:
                pass
        return ENGINES["eager"](self.model, precision=self.precision, device=self.device)


def _timed(engine: Engine) -> tuple[np.ndarray, float]:
    engine.run(_SAMPLE[:2])
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        outputs = engine.run(_SAMPLE)
        best = min(best, time.perf_counter() - start)
    return outputs, best


def _weights(model: Any) -> int:
    """Weights that multiply: all but the embeddings'."""
    return sum(
        weight.numel() for name, weight in model.named_parameters() if "embed" not in name and "shared" not in name
    )


def _speeds() -> Path:
    return cache_folder() / "engines.json"


def _remembered() -> dict[str, str]:
    path = _speeds()
    remembered: dict[str, str] = read_json(path) if path.is_file() else {}
    return remembered


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


# Lengths like those of abstracts; ids that every vocabulary has.
_SAMPLE = [Tokens(np.arange(length, dtype=np.int64) % 16 + 1) for length in range(480, 120, -24)]

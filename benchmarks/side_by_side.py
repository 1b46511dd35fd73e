"""What benchmarks beside the toolkit share: its installation, a process for each system, the peak of the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PEER = "inpars==0.2.1"
"""The toolkit, as published."""


def install_peer(folder: Path, *needed: str) -> Path:
    """Install the toolkit into `folder`/peer, with what is `needed` and not here; returns the package's folder."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--target", folder / "peer", PEER, *needed], check=True)
    return folder / "peer" / "inpars"


def in_process(
    script: str, arguments: Sequence[object], *, folder: Path, threads: int, peer: bool = False, **environment: str
) -> Any:
    """What `script`, run in a process of its own, prints as JSON in its last line; `peer` puts the toolkit before us.

    `RuntimeError` with what it wrote where it fails.
    """
    variables = os.environ | {"OMP_WAIT_POLICY": "passive", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    variables |= {"OMP_NUM_THREADS": str(threads), **environment}
    if peer:
        variables["PYTHONPATH"] = str(folder / "peer")
    own = ["--folder", folder, "--threads", threads, *arguments]
    done = subprocess.run([sys.executable, script, *map(str, own)], env=variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout.splitlines()[-1])


def timed(seconds: dict[str, float], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, whose seconds are added to those under `name`."""

    def wrapped(*arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*arguments)
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started

    return wrapped


def matmul_peak() -> dict[str, float]:
    """GFLOP/s of a large square product in fp32 and bf16, the best of several."""
    import torch

    peaks = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = (torch.rand(2048, 2048).to(dtype) for _ in range(2))
        best = float("inf")
        for _ in range(10):
            started = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - started)
        peaks[name] = 2 * 2048**3 / best / 1e9
    return peaks

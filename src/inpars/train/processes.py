"""Several processes that train one model: who writes, and how the others wait."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, TypeVar

from inpars.models.precision import default_device

T = TypeVar("T")


def count() -> int:
    """How many processes train together, each on a device of its own."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_main() -> bool:
    """Whether this is the process of several that scores and writes."""
    return int(os.environ.get("RANK", 0)) == 0


class Processes:
    """The processes that `accelerate launch` or `torchrun` started, or this one alone.

    Only the main one scores and writes; the others train along, and wait while it does.
    """

    def __init__(self, device: str | None) -> None:
        self.count, self.number = count(), int(os.environ.get("RANK", 0))
        device = device or default_device()
        if self.count > 1:
            from accelerate import PartialState

            # Scoring a large model takes longer than the half an hour that processes wait for each other by default.
            PartialState(cpu=device == "cpu", timeout=timedelta(hours=12))
        elif device.startswith("cuda:"):
            import torch

            torch.cuda.set_device(device)

    @property
    def main(self) -> bool:
        """Whether this is the process that scores and writes."""
        return self.number == 0

    def share(self, value: T) -> T:
        """The main process's value, in every process; all wait here for each other."""
        if self.count == 1:
            return value
        from accelerate.utils import broadcast_object_list

        held: list[Any] = [value]
        broadcast_object_list(held)
        found: T = held[0]
        return found

    def wait(self) -> None:
        """Go on once all processes are here."""
        self.share(None)

"""Which queries each step sees, and which of them go through the model together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

from inpars.data.seeds import generator
from inpars.errors import OptionError
from inpars.train.examples import Example, Examples


class Draws:
    """The examples of a whole training in one row: epoch after epoch, each in an order of its own."""

    def __init__(self, examples: Examples, length: int) -> None:
        self.examples, self.length = examples, length
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Example:
        epoch, place = divmod(number, len(self.examples))
        return self.examples.draw(self._order(epoch)[place], epoch)

    def _shuffled(self, epoch: int) -> list[int]:
        rng = generator(self.examples.seed, "order", str(epoch))
        return [int(place) for place in rng.permutation(len(self.examples))]


class Batches:
    """Numbers of draws, one list a forward pass: `batch_size` draws make a step of `parts` equal lists.

    Within a step examples of like length stand together, so that little is padded. What a step sees
    stays the same, since a step is the mean over its queries.
    """

    drop_last = False

    def __init__(self, draws: Draws, batch_size: int, parts: int, length: Callable[[Example], int]) -> None:
        self.draws, self.step_size, self.parts, self.length_of = draws, batch_size, parts, length
        self.batch_size = batch_size // parts
        """Queries in one list."""

    def __len__(self) -> int:
        return len(self.draws) // self.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(0, len(self.draws), self.step_size):
            step = range(start, start + self.step_size)
            lengths = {number: self.length_of(self.draws[number]) for number in step} if self.parts > 1 else {}
            # The longest first: if memory is too small, it shows at once.
            ordered = sorted(step, key=lambda number: -lengths.get(number, 0))
            for part in range(self.parts):
                yield ordered[part * self.batch_size : (part + 1) * self.batch_size]


def accumulation(batch_size: int, micro_batch_size: int, devices: int) -> int:
    """Forward passes that a device makes for one step, each of as many queries and of at most `micro_batch_size`."""
    share, left = divmod(batch_size, devices)
    if left or not share:
        raise OptionError(
            f"batch_size {batch_size} cannot be dealt out evenly to {devices} processes",
            hint=f"make it a multiple of {devices}",
        )
    least = math.ceil(share / micro_batch_size) if micro_batch_size else 1
    return next(parts for parts in range(least, share + 1) if share % parts == 0)

"""One process for each device, each with a copy of the model; windows of prompts go to whichever is free."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any

from inpars.errors import InparsError
from inpars.models.language.base import Answer, Sampling
from inpars.models.language.options import TransformersOptions
from inpars.models.language.windows import Window

_model: Any = None


def complete_on(
    devices: tuple[str, ...],
    name: str,
    options: TransformersOptions,
    windows: Iterator[Window | Answer],
    sampling: Sampling,
) -> Iterator[list[Answer]]:
    """The answers to `windows`, a window at a time as devices finish them; answers among them come out at once."""
    context = multiprocessing.get_context("spawn")
    free: Any = context.Queue()
    for device in devices:
        free.put(device)
    pool = ProcessPoolExecutor(len(devices), context, initializer=_start, initargs=(free, name, options))
    waiting: set[Future[list[Answer]]] = set()
    try:
        for window in windows:
            if isinstance(window, Answer):
                yield [window]
                continue
            waiting.add(pool.submit(_answer, window, sampling))
            # One window ready for each device, so that none waits for the next to be drawn.
            while len(waiting) > 2 * len(devices):
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(free: Any, name: str, options: TransformersOptions) -> None:
    from inpars.models.language.transformers.model import TransformersModel

    global _model
    _model = TransformersModel.load(name, options.model_copy(update={"devices": (free.get(),)}))


def _answer(window: Window, sampling: Sampling) -> list[Answer]:
    try:
        return list(_model.answer(window, sampling))
    except InparsError as error:
        # The kinds of errors that are made of more than a message do not travel between processes.
        raise InparsError(error.message, hint=error.hint) from None

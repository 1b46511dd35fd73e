"""A few threads that work through a stream of any length, and end with whoever reads their results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Seconds that answers under way get to come in, and be kept, when the reader has left.
GRACE = 10.0


class Stopped(Exception):
    """The reader has left: a worker that waits gives up."""


def unordered(work: Callable[[T], R], items: Iterable[T], threads: int, stop: threading.Event) -> Iterator[R]:
    """Yield `work(item)` for all `items`, as the results come. What `work` raises is raised here.

    Items are drawn in the reader's thread, at most twice as many as there are threads ahead of the
    results. When the reader stops early, or something is raised, `stop` is set, and the threads end
    after what they are at. The threads are daemons: one that hangs holds up no exit.
    """
    todo: SimpleQueue[tuple[T] | None] = SimpleQueue()
    done: SimpleQueue[tuple[R] | BaseException] = SimpleQueue()

    def run() -> None:
        while (item := todo.get()) is not None and not stop.is_set():
            try:
                done.put((work(*item),))
            except BaseException as error:
                done.put(error)

    source = iter(items)
    started: list[threading.Thread] = []
    under_way, more = 0, True
    try:
        while True:
            while more and under_way < 2 * threads:
                try:
                    todo.put((next(source),))
                except StopIteration:
                    more = False
                    break
                under_way += 1
                if len(started) < min(threads, under_way):
                    started.append(threading.Thread(target=run, daemon=True, name=f"inpars-{len(started)}"))
                    started[-1].start()
            if not under_way:
                return
            result = done.get()
            under_way -= 1
            if isinstance(result, BaseException):
                raise result
            yield result[0]
    finally:
        stop.set()
        for _ in started:
            todo.put(None)
        deadline = time.monotonic() + GRACE
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))

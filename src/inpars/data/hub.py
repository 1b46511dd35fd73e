"""Whether the Hugging Face Hub answers: asked once, so that nobody waits for the library's retries."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

PATIENCE = 7.0
"""Seconds that looking up the name, connecting and answering may take together."""

_FORGOTTEN = 30.0


class _Asking(NamedTuple):
    """A question under way: the thread that asks, until when it may, and what it heard ("": an answer)."""

    thread: threading.Thread
    deadline: float
    heard: list[str]


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids asking, or there is no library to ask with."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return True
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def unreachable() -> str:
    """Why the Hub cannot be reached; "" where it answers anything at all.

    Goes where HF_ENDPOINT says, by the library's own session, so through the same proxies. An answer stands for as
    long as the process lives, a failure for half a minute.
    """
    from huggingface_hub import constants

    if ask().heard != [""] and time.monotonic() > ask().deadline + _FORGOTTEN:
        ask.cache_clear()
    thread, deadline, heard = ask()
    thread.join(max(0.0, deadline - time.monotonic()))
    why = heard[0] if heard else f"no answer within {PATIENCE:g} seconds"
    return f"{constants.ENDPOINT} cannot be reached: {why}" if why else ""


@cache
def ask() -> _Asking:
    """Begin to ask, if nobody has: what takes a while meanwhile costs no waiting later."""
    from huggingface_hub import constants
    from huggingface_hub.utils._http import get_session

    heard: list[str] = []

    def send() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=PATIENCE)
            heard.append("")
        except Exception as error:  # whatever the library under the session raises
            heard.append(f"{error or type(error).__name__}".splitlines()[0])

    # Looking up a name heeds no timeout, and a daemon can be left behind.
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return _Asking(thread, time.monotonic() + PATIENCE, heard)


@cache
def lacks_model(name: str) -> bool:
    """Whether the Hub says that it has no model of that name, as far as whoever asks may see it."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        HfApi().model_info(name, timeout=PATIENCE)
    except RepositoryNotFoundError:
        return True
    except Exception:  # anything else says nothing of the model
        return False
    return False


def dataset_in_cache(name: str) -> bool:
    """Whether the caches of the libraries hold anything of a dataset on the Hub."""
    from huggingface_hub import constants

    prepared = Path(os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets")
    return any((Path(constants.HF_HUB_CACHE) / f"datasets--{name.replace('/', '--')}").glob("snapshots/*")) or any(
        prepared.glob(f"{name.replace('/', '___')}/*")
    )

"""What the libraries that save models raise over a full or failing disk, told as any other such error."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from inpars.data.files import first_line
from inpars.errors import InparsError, system_error

# As Rust (safetensors, tokenizers) and Python (in the list of what a copied folder lacks) tell the number.
_NUMBER = re.compile(r"\(os error (\d+)\)|\[Errno (\d+)\]")
# torch's writer knows no numbers.
_TORCH = ("PytorchStreamWriter", "inline_container", "unexpected pos", "iostream error")


@contextlib.contextmanager
def saved_in(folder: Path) -> Iterator[None]:
    """`InparsError` for what cannot be written to `folder` within, by whatever library; other errors go through."""
    try:
        yield
    except InparsError:
        raise
    except Exception as error:
        told = _told(error, folder)
        if told is None:
            raise
        raise told from error


def _told(error: Exception, folder: Path) -> InparsError | None:
    if type(error) is OSError or getattr(error, "filename", None):
        return system_error(error, error.filename or folder) if isinstance(error, OSError) else None
    text = str(error)
    if found := _NUMBER.search(text):
        number = int(found[1] or found[2])
        return system_error(OSError(number, os.strerror(number)), folder)
    if isinstance(error, RuntimeError) and any(sign in text for sign in _TORCH):
        hint = system_error(OSError(errno.ENOSPC, ""), folder).hint
        return InparsError(f"{folder}: weights could not be written: {first_line(error)}", hint=f"is it full? {hint}")
    return None

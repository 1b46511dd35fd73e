"""Outputs that would take the place of what is read."""

from __future__ import annotations

from pathlib import Path

from inpars.errors import OptionError


def check_outputs(source: Path, *outputs: Path) -> None:
    """`OptionError` where an output is the file `source` itself, however the two are spelled.

    A kill would lose what was read, and a second call would read what the first has written.
    """
    for output in outputs:
        if output.resolve() == source.resolve():
            raise OptionError(
                f"writing {output} would take the place of the input {source}", hint="name another output"
            )

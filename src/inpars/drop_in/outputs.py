"""Where the outputs of a command may lie."""

from __future__ import annotations

from pathlib import Path

from inpars.data.outputs import check_outputs
from inpars.errors import OptionError


def check_places(inputs: tuple[str | Path | None, ...], *outputs: Path) -> None:
    """`OptionError` where an output is a file that is read, the same file as another, or cannot be written.

    Of `inputs`, None stands for one that is not given, and a name of a catalogue is no file.
    """
    check_outputs(inputs, *outputs)
    if len({output.resolve() for output in outputs}) < len(outputs):
        raise OptionError(f"two outputs are one file: {', '.join(map(str, outputs))}", hint="give each its own")

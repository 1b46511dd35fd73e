"""Where the outputs of a command may lie."""

from __future__ import annotations

from pathlib import Path

from inpars.data.outputs import check_outputs
from inpars.errors import OptionError


def check_places(inputs: tuple[str | Path | None, ...], *outputs: Path) -> None:
    """`OptionError` where an output is a file that is read, a folder, or the same file as another.

    Of `inputs`, None stands for one that is not given, and a name of a catalogue is no file.
    """
    check_outputs(inputs, *outputs)
    for output in outputs:
        if output.is_dir():
            raise OptionError(f"the output {output} is a folder", hint="name a file in it")
    if len({output.resolve() for output in outputs}) < len(outputs):
        raise OptionError(f"two outputs are one file: {', '.join(map(str, outputs))}", hint="give each its own")

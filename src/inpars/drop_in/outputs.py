"""Where the outputs of a command may lie."""

from __future__ import annotations

from pathlib import Path

from inpars.data.outputs import check_outputs
from inpars.errors import OptionError


def check_places(source: Path, *outputs: Path) -> None:
    """`OptionError` where an output is the file `source` itself, a folder, or the same file as another."""
    check_outputs(source, *outputs)
    for output in outputs:
        if output.is_dir():
            raise OptionError(f"the output {output} is a folder", hint="name a file in it")
    if len({output.resolve() for output in outputs}) < len(outputs):
        raise OptionError(f"two outputs are one file: {', '.join(map(str, outputs))}", hint="give each its own")

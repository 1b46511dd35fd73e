"""The InPars toolkit's six commands as typed: `python -m inpars.generate --dataset … --base_model …` and the others.

Where ours has a command of the same name, what is typed decides which of the two is meant (`recognise`).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from inpars import cli
from inpars.drop_in.toolkit.recognise import OURS, is_toolkit_call


def main(command: str, arguments: Sequence[str]) -> None:
    """Carry out `python -m inpars.COMMAND ARGUMENTS`, the toolkit's or ours; exits as `inpars` does."""
    if {"--help", "-h"} & set(arguments):
        if command in OURS:
            cli.main([command, "--help"])
        with cli.exit_codes():
            from inpars.drop_in.toolkit.flags import help_text

            print(help_text(import_module(f"{__name__}.{command}").FLAGS, command))
    elif command in OURS and not is_toolkit_call(command, arguments):
        cli.main([command, *arguments])
    else:
        with cli.exit_codes():
            from inpars.drop_in.toolkit.flags import read_flags

            module = import_module(f"{__name__}.{command}")
            module.run(read_flags(module.FLAGS, command, arguments))

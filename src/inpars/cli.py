"""The command line: one command a stage, each built from the stage's own options, plus `run`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cyclopts import App, CycloptsError

from inpars import __version__
from inpars.errors import InparsError, shorten, system_error
from inpars.passed_on import read_passed_on

app = App(
    name="inpars",
    version=__version__,
    help="From a pile of unlabelled documents to a tuned, measured search model.",
    help_epilogue="Start here: inpars run --corpus python-docs --output my-run",
    config=read_passed_on,
    # `exit_codes` says how to go on.
    suppress_keyboard_interrupt=False,
)

# Loaded when called, so that `inpars --help` imports none of them.
_COMMANDS = {
    "run": "Carry out a recipe, from documents to a measured model.",
    "reproduce": "Carry out a published experiment, and compare with its figures.",
    "recipes": "List the recipes, or show one.",
    "prompts": "List the prompts, or show one.",
    "plan": "Say what generating will take, before anything is spent.",
    "generate": "Write queries for documents.",
    "filter": "Keep the queries that are worth training on.",
    "negatives": "Mine hard negatives for each query.",
    "train": "Fine-tune a model on triples.",
    "search": "Search a corpus: the first stage alone.",
    "rerank": "Rerank a first stage with a model.",
    "fuse": "Fuse runs of the same queries into one.",
    "evaluate": "Measure runs against judgments, and compare them.",
    "download": "Download published queries, rerankers, runs and few-shot examples.",
    "v1": "InPars v1's commands with their own flags: generate, filter, triples, train.",
}
_PLACES = {
    "run": "inpars.pipeline.command:run",
    "reproduce": "inpars.pipeline.reproduce_command:reproduce",
    "recipes": "inpars.pipeline.command:recipes",
    "prompts": "inpars.generate.prompts.command:app",
    "plan": "inpars.generate.command:plan",
    "search": "inpars.rerank.command:search",
    "fuse": "inpars.rerank.command:fuse",
    "v1": "inpars.drop_in.v1.command:app",
}
for _name, _help in _COMMANDS.items():
    app.command(_PLACES.get(_name, f"inpars.{_name}.command:{_name}"), name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 when all went well, 2 for a user's mistake, 1 for ours."""
    with exit_codes():
        app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )


@contextmanager
def exit_codes() -> Iterator[None]:
    """Carry out a command: say what went wrong, without a traceback for a user's mistake, and exit accordingly."""
    # torch's threads, left to spin while they wait, stall each other wherever the cores are shared.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Where it is installed, peft imports it, and it warns that a processor lacks a library of kernels.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    try:
        yield
        # Now, while it can still be told that nobody takes what was printed.
        if sys.stdout is not None:
            sys.stdout.flush()
    except CycloptsError as error:
        print(f"inpars: {_mistyped(error)}", file=sys.stderr)
        sys.exit(2)
    except InparsError as error:
        print(f"inpars: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _drop_output()
        sys.exit(0)
    except OSError as error:
        # ir_datasets lets through what the library under it says of a download that failed.
        if type(error).__module__.startswith("requests"):
            print(f"inpars: a download failed: {shorten(error, 300)}\n  hint: is there a network?", file=sys.stderr)
        else:
            print(f"inpars: {system_error(error)}", file=sys.stderr)
        _drop_output()
        sys.exit(2)
    except KeyboardInterrupt:
        print("inpars: stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


def _drop_output() -> None:
    """Where what was printed cannot be written, let the interpreter not try it once more as it ends."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mistyped(error: CycloptsError) -> str:
    """What is wrong with the command line, by the flags as they are typed."""
    from pydantic import ValidationError

    from inpars.options import told

    if not isinstance(error.__cause__, ValidationError):
        return str(error)
    lines = []
    for detail in error.__cause__.errors():
        flag = ".".join(str(part).replace("_", "-") for part in detail["loc"])
        lines.append(f"--{flag}: {told(detail)}" if flag else told(detail))
    return "\n".join(lines)

"""Whose command is meant, where the toolkit and we have one of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

OURS = ("generate", "filter", "train", "rerank", "evaluate")
"""The toolkit's commands whose names are also names of ours."""

# Any one of these is typed for the toolkit, and never for us.
_ONLY_THEIRS = {
    "generate": {"dataset", "base_model"},
    "filter": {"input"},
    "train": {"output_dir", "pairs"},
    "rerank": {"output_run"},
    "evaluate": {"run"},
}


def is_toolkit_call(command: str, arguments: Sequence[str]) -> bool:
    """Whether the flags among `arguments` are the toolkit's.

    `train` has two flags that both know, `--triples` and `--base_model`: together they are the
    toolkit's, unless `--corpus` or `--output`, without which ours cannot do, stand there too.
    """
    typed = names_of(arguments)
    if typed & _ONLY_THEIRS[command]:
        return True
    return command == "train" and {"triples", "base_model"} <= typed and not typed & {"corpus", "output"}


def names_of(arguments: Iterable[str]) -> set[str]:
    """The names of the flags among `arguments`, with underscores."""
    return {flag_name(argument) for argument in arguments if argument.startswith("--")}


def flag_name(argument: str) -> str:
    """`max_steps` for `--max-steps`, `--max_steps` and `--max_steps=156`."""
    return argument.removeprefix("--").partition("=")[0].replace("-", "_")

"""`@step` among a recipe's options: the model that an earlier step has trained, in place of a model's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def is_reference(value: Any) -> bool:
    """Whether an option's value stands for the output of a step."""
    return isinstance(value, str) and value.startswith("@")


def references(options: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """`(keys that lead to it, name of the step)` of every reference in options, inside lists and mappings too."""
    if is_reference(options):
        yield place, options[1:]
    elif isinstance(options, Mapping):
        for key, value in options.items():
            yield from references(value, (*place, str(key)))
    elif isinstance(options, (list, tuple)):
        for value in options:
            yield from references(value, place)


def replaced(options: Any, of: Callable[[str], str]) -> Any:
    """`options` with what `of` gives for the step's name in the place of each reference."""
    if is_reference(options):
        return of(options[1:])
    if isinstance(options, Mapping):
        return {key: replaced(value, of) for key, value in options.items()}
    if isinstance(options, (list, tuple)):
        return type(options)(replaced(value, of) for value in options)
    return options

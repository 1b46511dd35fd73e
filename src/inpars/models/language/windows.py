"""Prompts in windows, as `base.Windowed` has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from inpars.models.language.base import Answer, Prompt

Window = list[tuple[str, list[int]]]
"""Prompts that are answered together: the key and the tokens of each."""


def cut(
    prompts: Iterable[Prompt | Answer], encode: Callable[[Prompt], list[int] | Answer], size: int
) -> Iterator[Window | Answer]:
    """Windows of `size` prompts, and apart from them, at once, the answers that are there without the model.

    `encode` gives a prompt's tokens, or the answer to one that the model cannot read.
    """
    window: Window = []
    for prompt in prompts:
        found = prompt if isinstance(prompt, Answer) else encode(prompt)
        if isinstance(found, Answer):
            yield found
            continue
        window.append((prompt.key, found))
        if len(window) == size:
            yield window
            window = []
    if window:
        yield window

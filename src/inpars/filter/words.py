"""The words of a text, for the methods that count or compare them, whatever the script."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Thai, kana and Han are written without blanks.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_COUNTED = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\s{_UNSPACED}]+")
_COMPARED = re.compile(rf"([{_UNSPACED}]+)|[^\W{_UNSPACED}]+")


def number_of_words(text: str) -> int:
    """How many words there are between blanks; without blanks, two characters stand in for a word."""
    return len(_COUNTED.findall(text))


def words_of(text: str) -> list[str]:
    """The words in order, in lower case, without punctuation.

    Of a run that is written without blanks every two neighbouring characters are a word, so that a
    part of it has words in common with the whole.
    """
    words: list[str] = []
    for match in _COMPARED.finditer(text.lower()):
        run = match[0]
        words += (run[i : i + 2] for i in range(len(run) - 1)) if match[1] and len(run) > 1 else (run,)
    return words


def shingles(words: Sequence[str], length: int) -> frozenset[tuple[str, ...]]:
    """Every `length` words in a row; all of them together where there are fewer."""
    if not words:
        return frozenset()
    return frozenset(tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1)))

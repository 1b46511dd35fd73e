"""The words of a text, for the methods that count or compare them, whatever the script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inpars.data.segmentation import UNSPACED

_COUNTED = re.compile(rf"[{UNSPACED}]{{1,2}}|[^\s{UNSPACED}]+")


def number_of_words(text: str) -> int:
    """How many words there are between blanks; without blanks, two characters stand in for a word."""
    return len(_COUNTED.findall(text))


def shingles(words: Sequence[str], length: int) -> frozenset[tuple[str, ...]]:
    """Every `length` words in a row; all of them together where there are fewer."""
    if not words:
        return frozenset()
    return frozenset(tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1)))

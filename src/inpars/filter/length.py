"""Drop queries that are too short or too long."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.filter.config import LengthOptions

# Thai, kana and Han are written without blanks: two characters stand in for a word.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\s{_UNSPACED}]+")


def judge(queries: Sequence[SyntheticQuery], options: LengthOptions) -> list[str | None]:
    """The reason to drop each query, or None, by its number of words."""
    return [_reason(len(_WORD.findall(query.query)), options) for query in queries]


def _reason(words: int, options: LengthOptions) -> str | None:
    if words < options.min_words:
        return f"{words} words, fewer than {options.min_words}"
    if words > options.max_words:
        return f"{words} words, more than {options.max_words}"
    return None

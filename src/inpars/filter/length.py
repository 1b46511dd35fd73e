"""Drop queries that are too short or too long."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.filter.config import LengthOptions


def judge(queries: Sequence[SyntheticQuery], options: LengthOptions) -> list[str | None]:
    """The reason to drop each query, or None, by its number of words."""
    return [_reason(len(query.query.split()), options) for query in queries]


def _reason(words: int, options: LengthOptions) -> str | None:
    if words < options.min_words:
        return f"{words} words, fewer than {options.min_words}"
    if words > options.max_words:
        return f"{words} words, more than {options.max_words}"
    return None

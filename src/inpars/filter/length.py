"""Drop queries that are too short or too long."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import LengthOptions
from inpars.filter.words import number_of_words


def judge(queries: Sequence[SyntheticQuery], options: LengthOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None, by its number of words, which becomes `scores["length"]`.

    Its tokens are those that have a log-probability; where the generator gave none, they are not counted.
    """
    outcomes: list[Outcome] = []
    for query in queries:
        words = number_of_words(query.query)
        query.scores["length"] = float(words)
        outcomes.append(_outcome(words, options) or _by_tokens(query, options))
    return outcomes


def _outcome(words: int, options: LengthOptions) -> Outcome:
    if words < options.min_words:
        return Dropped(f"{words} words, fewer than {options.min_words}")
    if words > options.max_words:
        return Dropped(f"{words} words, more than {options.max_words}")
    return None


def _by_tokens(query: SyntheticQuery, options: LengthOptions) -> Outcome:
    if query.log_probs is None:
        return None
    tokens = len(query.log_probs)
    if tokens < options.min_tokens:
        return Dropped(f"{tokens} tokens, fewer than {options.min_tokens}")
    if options.max_tokens and tokens > options.max_tokens:
        return Dropped(f"{tokens} tokens, more than {options.max_tokens}")
    return None

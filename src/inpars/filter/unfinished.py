"""Drop queries whose end is missing: the token limit cut them off, or they end in what nothing ends in."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.data.unusable import is_unfinished
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import UnfinishedOptions
from inpars.filter.words import number_of_words
from inpars.models.language.unanswered import ending_of


def judge(queries: Sequence[SyntheticQuery], options: UnfinishedOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None. Extracted queries may be a part of a sentence, and pass.

    A `finish_reason` is the whole answer's: a short query in one that was cut off has most likely ended, and
    an explanation after it was cut.
    """
    return [_outcome(query, options) for query in queries]


def _outcome(query: SyntheticQuery, options: UnfinishedOptions) -> Outcome:
    if query.is_extracted:
        return None
    cut_off = ending_of(query.finish_reason) == "length" and number_of_words(query.query) >= options.min_words
    if not is_unfinished(query.query, cut_off=cut_off):
        return None
    return Dropped("cut off by the token limit" if cut_off else "ends within a sentence")

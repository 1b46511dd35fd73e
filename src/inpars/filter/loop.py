"""Drop queries that say the same words over and over, as small language models do until they are cut off."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.data.unusable import loops
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import LoopOptions


def judge(queries: Sequence[SyntheticQuery], options: LoopOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None. Extracted queries are the document's own words, and pass."""
    return [_outcome(query, options) for query in queries]


def _outcome(query: SyntheticQuery, options: LoopOptions) -> Outcome:
    if query.is_extracted or not loops(query.query, repeated=options.repeated, share=options.max_share):
        return None
    return Dropped("the same words over and over")

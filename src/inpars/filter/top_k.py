"""Keep the best of the queries by the score that the last scoring method gave them."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.filter.method import Context, Outcome
from inpars.filter.options import TopKOptions
from inpars.filter.selection import select


def judge(queries: Sequence[SyntheticQuery], options: TopKOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None, as `select` has it. `InparsError` where a query has no score."""
    return select(queries, options)

"""Keep the best-scored queries."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.config import TopKOptions


def judge(queries: Sequence[SyntheticQuery], options: TopKOptions) -> list[str | None]:
    """The reason to drop each query, or None: all but the `keep_top_k` with the highest `score`.

    Equal scores stand in the order of query ids. `InparsError` where a query has no score.
    """
    if any(query.score is None for query in queries):
        raise InparsError(
            "top_k needs scored queries, and some of these have no score",
            hint="put a method that scores before it, as in: methods: [scores, top_k]",
        )
    wanted = options.keep_top_k
    keep = round(wanted * len(queries)) if wanted < 1 else int(wanted)
    best = sorted(queries, key=lambda query: (-(query.score or 0.0), query.query_id))[:keep]
    kept = {query.query_id for query in best}
    return [None if query.query_id in kept else f"not among the best {keep}" for query in queries]

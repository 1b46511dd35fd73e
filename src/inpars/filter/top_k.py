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
    keep = max(1, round(wanted * len(queries))) if wanted < 1 else int(wanted)
    order = sorted(range(len(queries)), key=lambda i: (-(queries[i].score or 0.0), queries[i].query_id))
    kept = set(order[:keep])
    return [None if i in kept else f"not among the best {keep}" for i in range(len(queries))]

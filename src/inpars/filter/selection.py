"""Which of the scored queries to keep: between thresholds or percentiles, so many a document, the best k."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.method import Dropped, Outcome
from inpars.filter.options import SelectionOptions


def select(queries: Sequence[SyntheticQuery], options: SelectionOptions) -> list[Outcome]:
    """The reason to drop each query, or None, by its `score`.

    The rules apply in this order, each to what the ones before it have left: `min_score` and
    `max_score`; `min_percentile` and `max_percentile`; `max_per_document`; `keep_top_k`. Percentiles
    and shares are nevertheless over all of `queries`. A score that equals a threshold or percentile
    is kept. Equal scores stand in the order of query ids, whatever the order of `queries`.
    `InparsError` where a query has no score.
    """
    scores = _scores_of(queries)
    outcomes = _between(scores, options)
    standing = [outcome is None for outcome in outcomes]
    order = sorted(compress(range(len(queries)), standing), key=lambda i: best_first(queries[i]))
    if options.max_per_document:
        order = _cap(queries, order, options.max_per_document, outcomes)
    if options.keep_top_k is not None:
        keep = _number(options.keep_top_k, len(queries))
        _drop(outcomes, order[keep:], f"not among the best {keep:,}")
    return outcomes


def best_first(query: SyntheticQuery) -> tuple[float, str, str, str]:
    """A key that sorts by score, the highest first and none last, and then by what does not hang on places in a file.

    Only rows that say the same of the same document with the same score and id are on a par.
    """
    score = -math.inf if query.score is None else query.score
    return -score, query.query_id, query.query, query.doc_id


def _scores_of(queries: Sequence[SyntheticQuery]) -> list[float]:
    scores = [query.score for query in queries if query.score is not None and not math.isnan(query.score)]
    if missing := len(queries) - len(scores):
        raise InparsError(
            f"to select by score every query needs one, and {missing:,} of {len(queries):,} have no score",
            hint="put a method that scores before it, as in: methods: [scores, top_k]",
        )
    return scores


def _between(scores: Sequence[float], options: SelectionOptions) -> list[Outcome]:
    """The outcomes of thresholds and percentiles."""
    least, most = options.min_percentile, options.max_percentile
    floor = _percentile(scores, least) if least is not None and scores else -math.inf
    ceiling = _percentile(scores, most) if most is not None and scores else math.inf
    outcomes: list[Outcome] = []
    for score in scores:
        reason = ""
        if options.min_score is not None and score < options.min_score:
            reason = f"score {score:.4f}, below {options.min_score:g}"
        elif options.max_score is not None and score > options.max_score:
            reason = f"score {score:.4f}, above {options.max_score:g}"
        elif score < floor:
            reason = f"score {score:.4f}, below percentile {least:g} ({floor:.4f})"
        elif score > ceiling:
            reason = f"score {score:.4f}, above percentile {most:g} ({ceiling:.4f})"
        outcomes.append(Dropped(reason) if reason else None)
    return outcomes


def _percentile(scores: Sequence[float], percent: float) -> float:
    """The score at this percentile; between two of them what a straight line has there, as numpy's "linear"."""
    ordered = sorted(scores)
    # 7 % of 100 steps are not 7.000000000000001, as numpy has it, which would drop the score itself.
    place = round(percent * (len(ordered) - 1) / 100, 9)
    below, share = ordered[int(place)], place % 1
    return below + share * (ordered[int(place) + 1] - below) if share else below


def _cap(
    queries: Sequence[SyntheticQuery], order: Iterable[int], per_document: int, outcomes: list[Outcome]
) -> list[int]:
    """`order`, which is best first, without those that have `per_document` better ones of the same document."""
    kept: list[int] = []
    held: Counter[str] = Counter()
    for i in order:
        doc_id = queries[i].doc_id
        if held[doc_id] < per_document:
            kept.append(i)
        else:
            _drop(outcomes, [i], f"not among the best {per_document} of its document")
        held[doc_id] += 1
    return kept


def _drop(outcomes: list[Outcome], places: Iterable[int], reason: str) -> None:
    for i in places:
        outcomes[i] = Dropped(reason)


def _number(wanted: float, total: int) -> int:
    # A share keeps one at least: an empty file would be no training data at all.
    return max(1, round(wanted * total)) if wanted < 1 else int(wanted)

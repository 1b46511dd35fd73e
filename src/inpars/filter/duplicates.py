"""Drop queries that say what a better query says."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.data.words import same_words
from inpars.errors import shorten
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import DuplicatesOptions
from inpars.filter.selection import best_first


def judge(queries: Sequence[SyntheticQuery], options: DuplicatesOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None.

    Queries are equal where they differ in case and blanks at most; how near ones are found is up to
    `kind`. Of several alike the best-scored is kept, and of those that score the same, the one with
    the smallest id: from the best on, each query is compared with the ones kept so far, whatever the
    order of `queries`.
    """
    order = sorted(range(len(queries)), key=lambda i: best_first(queries[i]))
    copies: dict[str, list[int]] = {}
    for i in order:
        copies.setdefault(same_words(queries[i].query), []).append(i)
    # The first of each group of equal ones stands for it.
    first = [group[0] for group in copies.values()]
    near = _near([queries[i].query for i in first], options, context)
    outcomes: list[Outcome] = [None] * len(queries)
    for group, like in zip(copies.values(), near, strict=True):
        if like is not None:
            other = queries[first[like]]
            outcomes[group[0]] = Dropped(f"near duplicate of {other.query_id}, {shorten(other.query)}")
        same = outcomes[group[0]] or Dropped(f"same as {queries[group[0]].query_id}")
        for i in group[1:]:
            outcomes[i] = same
    return outcomes


def _near(texts: Sequence[str], options: DuplicatesOptions, context: Context) -> list[int | None]:
    """For each text the place of the first before it that is near it and has none itself, or None."""
    if options.kind == "words":
        from inpars.filter.near_words import near_words

        return near_words(texts, options.threshold, options.shingle)
    if options.kind == "minhash":
        from inpars.filter.near_minhash import near_minhash

        return near_minhash(texts, options.threshold, options.shingle, options.permutations)
    if options.kind == "embeddings":
        from inpars.filter.near_embeddings import near_embeddings

        return near_embeddings(texts, options.threshold, options, context.folder)
    return [None] * len(texts)

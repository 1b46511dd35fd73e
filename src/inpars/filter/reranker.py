"""Score queries by how relevant a reranker finds their document (InPars-v2, Jeronymo et al. 2023, arXiv 2301.01820)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from inpars.data.records import SyntheticQuery
from inpars.filter.method import Context, Failed, Outcome
from inpars.filter.options import RerankerOptions
from inpars.filter.selection import select
from inpars.filter.sources import source_text
from inpars.models.scorers import Scorer, load_scorer


def judge(queries: Sequence[SyntheticQuery], options: RerankerOptions, context: Context) -> list[Outcome]:
    """Set each query's `score` and `scores["reranker"]`, in fp32; the reason to drop it, or None.

    What is scored is the query with its document as its author saw it, `doc_text`, and with the
    corpus's where a row has none. A model's score that is no number is a failure.
    """

    @cache
    def scorer() -> Scorer:
        # Not before there is something to score: a rerun may know all of it.
        return load_scorer(options.model, options)

    def ask(some: Sequence[SyntheticQuery]) -> list[Any]:
        # A document's text is its own id, as two queries may have seen the same document differently.
        texts = [source_text(query, context) for query in some]
        candidates: dict[str, list[str]] = {}
        for query, text in zip(some, texts, strict=True):
            candidates.setdefault(query.query_id, []).append(text)
        run = scorer().score({q.query_id: q.query for q in some}, {text: text for text in texts}, candidates)
        scores = [run[query.query_id][text] for query, text in zip(some, texts, strict=True)]
        return [score if math.isfinite(score) else Failed(f"the model's score is {score}") for score in scores]

    values = context.each(queries, ask)
    scored: list[SyntheticQuery] = []
    for query, value in zip(queries, values, strict=True):
        if not isinstance(value, Failed):
            query.score = query.scores["reranker"] = value
            scored.append(query)
    selected = iter(select(scored, options))
    return [value if isinstance(value, Failed) else next(selected) for value in values]

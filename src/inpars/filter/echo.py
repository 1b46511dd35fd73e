"""Drop queries that repeat their prompt: its instruction, or the query or document of one of its examples."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.data.unusable import echoes
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import EchoOptions


def judge(queries: Sequence[SyntheticQuery], options: EchoOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None.

    Each query is compared with its own prompt, without the document. How many of a language model's queries have no
    prompt or no document in their row, and so pass without a look, is in `context.facts`.
    """
    unknown = sum(not query.is_extracted and not _is_known(query) for query in queries)
    if unknown:
        context.facts["not_compared"] = unknown
    return [_outcome(query, options) for query in queries]


def _is_known(query: SyntheticQuery) -> bool:
    return bool(query.prompt_text and query.doc_text)


def _outcome(query: SyntheticQuery, options: EchoOptions) -> Outcome:
    if not _is_known(query) or not echoes(query.query, query.prompt_text, query.doc_text, share=options.max_share):
        return None
    return Dropped("repeats the prompt")

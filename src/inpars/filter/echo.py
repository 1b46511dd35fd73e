"""Drop queries that repeat their prompt: its instruction, or the query or document of one of its examples."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import SyntheticQuery
from inpars.data.unusable import echoes
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import EchoOptions


def judge(queries: Sequence[SyntheticQuery], options: EchoOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None.

    Each query is compared with its own prompt, without the document. How many of a language model's queries came
    without a prompt, and so were not looked at, is in `context.facts`.
    """
    unknown = sum(not query.prompt_text and not query.is_extracted for query in queries)
    if unknown:
        context.facts["without_prompt"] = unknown
    return [_outcome(query, options) for query in queries]


def _outcome(query: SyntheticQuery, options: EchoOptions) -> Outcome:
    if not query.prompt_text or not echoes(query.query, query.prompt_text, query.doc_text, share=options.max_share):
        return None
    return Dropped("repeats the prompt")

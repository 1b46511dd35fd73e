"""The document that a query was written for, as the methods that read it take it."""

from __future__ import annotations

from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError
from inpars.filter.method import Context


def source_text(query: SyntheticQuery, context: Context) -> str:
    """The document as the query's author saw it, `doc_text`; where a row has none, the corpus's.

    What the author saw is what a model is trained on, and where the query was cut out of it, the
    corpus's text still holds the answer word for word. `InparsError` where there is neither.
    """
    if query.doc_text:
        return query.doc_text
    require_source(query, context)
    return context.corpus[query.doc_id].contents


def require_source(query: SyntheticQuery, context: Context) -> None:
    """`InparsError` where the corpus lacks the query's document."""
    if query.doc_id not in context.corpus:
        raise InparsError(
            f"query {query.query_id} was written for document {query.doc_id!r}, which {context.corpus.name} lacks",
            hint="give the corpus that the queries were generated from: --corpus",
        )

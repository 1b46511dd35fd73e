"""The document that a query was written for, as the methods that read it take it."""

from __future__ import annotations

from inpars.data.records import SyntheticQuery
from inpars.data.sources import source_of
from inpars.filter.method import Context


def source_text(query: SyntheticQuery, context: Context) -> str:
    """The document as the query's author saw it, `doc_text`; where a row has none, the corpus's.

    What the author saw is what a model is trained on, and where the query was cut out of it, the
    corpus's text still holds the answer word for word. `InparsError` where there is neither.
    """
    return query.doc_text or source_of(query, context.corpus).contents

"""The document that a synthetic query was written for."""

from __future__ import annotations

from inpars.data.corpora import Corpus
from inpars.data.records import Document, SyntheticQuery
from inpars.data.words import words
from inpars.errors import InparsError


def source_of(query: SyntheticQuery, corpus: Corpus) -> Document:
    """The document of `query`; `InparsError` where the corpus lacks it."""
    try:
        return corpus[query.doc_id]
    except KeyError:
        raise InparsError(
            f"query {query.query_id} was written for document {query.doc_id!r}, which {corpus.name} lacks",
            hint="give the corpus that the queries were generated from: --corpus",
        ) from None


def standing_in(query: SyntheticQuery, source: Document) -> str:
    """The text to train on in the place of the source's own: what the query was cut out of; else empty."""
    return "" if words(query.doc_text) in ([], words(source.contents)) else query.doc_text

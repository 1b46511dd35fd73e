"""The document that a synthetic query was written for."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from inpars.data.corpora import Corpus
from inpars.data.corpora.base import absent_from
from inpars.data.records import Document, SyntheticQuery
from inpars.data.segmentation import segment
from inpars.data.words import words
from inpars.errors import InparsError, shorten, some
from inpars.progress import say


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


SAMPLE = 300
"""Rows of a file whose texts are compared with the corpus's."""
_FEWEST_WORDS = _FEWEST_ROWS = 3
_FOUND, _HELD = 0.5, 0.8


def check_sources(path: Path, queries: Iterable[SyntheticQuery], corpus: Corpus, *, lacking: bool = True) -> None:
    """`InparsError` where `queries`, read from `path`, were written for other documents than the corpus's.

    That is, where the corpus lacks the documents of some (with `lacking`), or where it has them, but most rows
    hold another text than the document of that id: files of two corpora that count their documents from 0. Where
    only a few do, it says how many. Rows without a text tell nothing.
    """
    rows = with_text = 0
    doc_ids: dict[str, str] = {}
    sample: list[SyntheticQuery] = []
    drawn = random.Random(1)
    for query in queries:
        rows += 1
        doc_ids.setdefault(query.doc_id, query.query_id)
        if query.doc_text:
            with_text += 1
            if len(sample) < SAMPLE:
                sample.append(query)
            elif (place := drawn.randrange(with_text)) < SAMPLE:
                sample[place] = query
    absent = absent_from(corpus, doc_ids)
    if absent and lacking:
        first = f"{path}: query {doc_ids[absent[0]]} was written for document {absent[0]!r}, which {corpus.name} lacks"
        many = f"; it lacks {len(absent):,} of the {len(doc_ids):,} documents of these {rows:,} queries: {some(absent)}"
        raise InparsError(
            first + (many if absent[1:] else ""),
            hint="give the corpus that the queries were generated from (--corpus), or leave such queries out",
        )
    gone = set(absent)
    told = [found for query in sample if query.doc_id not in gone if (found := is_foreign(query, corpus)) is not None]
    foreign = sum(told)
    if foreign >= _FEWEST_ROWS and 2 * foreign > len(told):
        shown = next(query for query in sample if query.doc_id not in gone and is_foreign(query, corpus))
        raise InparsError(
            f"{path}: the queries are of another corpus than {corpus.name}, which uses the same ids: of {len(told):,} "
            f"rows looked at, {foreign:,} hold a text that has little to do with the document of that id. "
            f"{shown.doc_id!r} is {shorten(shown.doc_text)} there and "
            f"{shorten(corpus[shown.doc_id].contents)} here",
            hint="give the corpus that the queries were generated from; if these are its documents all the same "
            "(translated, rewritten), leave doc_text out of the rows",
        )
    if foreign:
        say(
            f"{path}: of {len(told):,} rows looked at, {foreign:,} hold a text that has little to do with their "
            f"document in {corpus.name}: has the corpus changed since?"
        )


def is_foreign(query: SyntheticQuery, corpus: Corpus) -> bool | None:
    """Whether a row's text has little to do with its document; None where that cannot be told.

    A text that was cut, or that a query was cut out of, has its words in the document; a document that was cut
    has its own in the text. Texts of one subject share a fifth of their words, and hardly ever half.
    """
    text, document = (set(segment(each)) for each in (query.doc_text, corpus[query.doc_id].contents))
    if len(text) < _FEWEST_WORDS or not document:
        return None
    shared = len(text & document)
    return shared < _FOUND * len(text) and shared < _HELD * len(document)

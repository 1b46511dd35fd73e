"""What the records of this field call their id, title and text: usual names, and what decides between two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Tiers = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Kind:
    """How records of one kind are written.

    `ids`, `titles` and `texts` are usual names, as `normal` writes them, in tiers: a name of an earlier tier goes
    before one of a later, and two of one tier may both be meant. `formats` are pairs of id and text by which a
    published format is known, whatever other columns it has. `layouts` are the columns of a file without a header, by
    how many there are.
    """

    name: str
    plural: str
    ids: Tiers
    texts: Tiers
    titles: Tiers = ()
    formats: tuple[tuple[str, str], ...] = ()
    layouts: dict[int, tuple[str, ...]] = field(default_factory=dict)


DOCUMENTS = Kind(
    "document",
    "documents",
    ids=(
        ("_id",),
        (
            *("doc_id", "id", "docid", "docno", "corpus_id", "pid"),
            *("document_id", "passage_id", "chunk_id", "segment_id", "para_id", "paragraph_id"),
        ),
        ("cord_uid", "paper_id", "pmid", "wikipedia_id", "article_id", "page_id", "uuid", "uid", "id_", "documentid"),
    ),
    titles=(("title",), ("headline", "heading", "doc_title", "document_title", "page_title", "wikipedia_title")),
    texts=(
        ("text",),
        ("contents", "body"),
        ("abstract", "passage", "doc_text", "content", "page_content", "segment", "passage_text", "full_text"),
        ("description", "summary"),
    ),
    formats=(
        ("_id", "text"),  # BEIR
        ("pid", "passage"),  # MS MARCO v2 passages, whose docid is the document that the passage is from
        ("docid", "body"),  # MS MARCO v2 documents
        ("docid", "segment"),  # MS MARCO v2.1 segments
        ("id", "contents"),  # Anserini and Pyserini
        ("cord_uid", "abstract"),  # CORD-19
    ),
    layouts={2: ("id", "text"), 3: ("id", "title", "text")},
)

QUERIES = Kind(
    "query",
    "queries",
    ids=(("_id",), ("query_id", "id", "qid", "topic_id"), ("topic", "number", "num")),
    texts=(("text", "query", "question", "query_text"), ("title",), ("description",)),
    formats=(
        ("_id", "text"),  # BEIR
        ("query_id", "query"),  # generated queries, whose text may be that of their document
    ),
    layouts={2: ("id", "text")},
)

MSMARCO_DOCUMENTS = ("docid", "url", "title", "body")
"""The columns of MS MARCO's documents, version 1, which have no header."""

_FIRST_IDS = ("_id", "doc_id", "id", "docid", "docno", "corpus-id", "pid")
_FIRST_TEXTS = ("text", "contents", "body", "abstract", "passage", "doc_text")
TELLING = {*_FIRST_IDS, *_FIRST_TEXTS, "query_id", "query-id", "qid", "topic_id", "query", "question", "title"}
"""Names of which each alone tells a header."""
_IDS = {name for kind in (DOCUMENTS, QUERIES) for tier in kind.ids for name in tier}
_TEXTS = {name for kind in (DOCUMENTS, QUERIES) for tier in kind.texts for name in tier}


def normal(name: object) -> str:
    """A column's name without case, the blanks and the byte order mark around it; words are joined by `_`."""
    return re.sub(r"[\s-]+", "_", str(name).strip("\ufeff \t\r\n\"'").lower())


def usual_names(kind: Kind) -> Iterator[str]:
    """Every usual name of an id, a title or a text."""
    for tier in (*kind.ids, *kind.titles, *kind.texts):
        yield from tier


def first_names(row: Iterable[str]) -> tuple[str, str, str]:
    """The columns that were read of such a document when the first name found was taken, and only these as written.

    What is read by other rules than these must not be taken for the same documents.
    """
    there = set(row)
    id_name, text_name = (next(filter(there.__contains__, names), "") for names in (_FIRST_IDS, _FIRST_TEXTS))
    return id_name, "title" if "title" in there else "", text_name


def is_header(values: Iterable[str]) -> bool:
    """Whether a line of a table names its columns: one of the field's oldest names, or both an id and a text."""
    names = {value.strip("\ufeff \t\r\n\"'").lower() for value in values}
    alike = {normal(name) for name in names}
    return bool(names & TELLING) or bool(alike & _IDS and alike & _TEXTS)


def has_text(names: Iterable[str]) -> bool:
    """Whether one of the names is a usual one of a text."""
    return not _TEXTS.isdisjoint(map(normal, names))


def mistaken_for(names: Iterable[str], kind: Kind) -> str:
    """What rows with these columns are, if another kind than was asked for: a sentence to hint with, or empty."""
    alike = {normal(name) for name in names}
    asked = bool({"query", "question"} & alike)
    if kind is DOCUMENTS and "log_probs" in alike and asked:
        return "these are generated queries, as `inpars generate` writes them, not documents"
    if {"query_id", "qid"} & alike and {"corpus_id", "doc_id", "docid", "docno"} & alike and not alike & _TEXTS:
        return f"these are judgments or a run, not {kind.plural}"
    if kind is DOCUMENTS and (asked or {"query_id", "qid", "topic_id"} & alike):
        return "these look like queries, not documents"
    if kind is QUERIES and {"doc_id", "docid", "docno", "pid"} & alike and not asked:
        return "these look like documents, not queries"
    return ""

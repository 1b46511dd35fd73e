"""Drop queries that stand word for word in the document they were written for, wholly or to a large part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from inpars.data.records import SyntheticQuery
from inpars.data.segmentation import segment
from inpars.filter.method import Context, Dropped, Outcome
from inpars.filter.options import CopiedOptions
from inpars.filter.sources import source_text
from inpars.filter.words import number_of_words, shingles


def judge(queries: Sequence[SyntheticQuery], options: CopiedOptions, context: Context) -> list[Outcome]:
    """The reason to drop each query, or None.

    Compared word by word, without case and punctuation, against the document as the query's author
    saw it: a sentence that was cut out of the document is no copy. With `max_share` also by how many
    of the query's n-grams the document has, which becomes `scores["copied"]`. Where a row has no
    document, the corpus's is read.
    """
    # A document's queries stand close together.
    read = lru_cache(maxsize=64)(segment)
    return [_outcome(query, read(source_text(query, context)), options) for query in queries]


def _outcome(query: SyntheticQuery, document: list[str], options: CopiedOptions) -> Outcome:
    words = segment(query.query)
    share = None if options.max_share is None else _share(words, document, options.ngram)
    if share is not None:
        query.scores["copied"] = share
    if number_of_words(query.query) < options.min_words:
        return None
    if words and f" {' '.join(words)} " in f" {' '.join(document)} ":
        return Dropped("copied from the document")
    if share is not None and options.max_share is not None and share > options.max_share:
        return Dropped(f"{share:.0%} of its {options.ngram}-grams are copied from the document")
    return None


def _share(words: list[str], document: list[str], length: int) -> float:
    own = shingles(words, length)
    # A query of fewer words than that is one n-gram, as long as it is.
    return len(own & shingles(document, min(length, len(words)))) / len(own) if own else 0.0

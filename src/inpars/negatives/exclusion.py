"""Documents that must never be a query's negatives: known positives and their near-duplicates."""

from __future__ import annotations

from array import array
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inpars.data.qrels import read_qrels
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document, SyntheticQuery
from inpars.data.words import words, words_hash


class KnownPositives:
    """Documents known to answer a query: those it was generated for, and those that judgments call relevant.

    Of a query that occurs once 8 bytes are held, for as long as the file is read. Words are compared
    by a hash of 64 bits: should two queries ever share one, a candidate is left out too many.
    """

    def __init__(self, queries: Path, qrels: Path | None = None) -> None:
        """Read the file of queries once or, where the same words occur again, twice. `qrels` go by query id."""
        hashes = array("Q", (words_hash(query.query) for query in read_synthetic_queries(queries)))
        self.queries = len(hashes)
        """How many queries the file has."""
        found, counts = np.unique(np.frombuffer(hashes, dtype=np.uint64), return_counts=True)
        again = set(found[counts > 1].tolist())
        self._sources: defaultdict[int, set[str]] = defaultdict(set)
        for query in read_synthetic_queries(queries) if again else ():
            if (key := words_hash(query.query)) in again:
                self._sources[key].add(query.doc_id)
        judged = read_qrels(qrels) if qrels is not None else {}
        self._judged = {q: {doc_id for doc_id, grade in grades.items() if grade > 0} for q, grades in judged.items()}

    def of(self, query: SyntheticQuery) -> set[str]:
        """The ids of the documents known to answer `query`, its own among them."""
        same = self._sources.get(words_hash(query.query), set())
        return {query.doc_id} | same | self._judged.get(query.query_id, set())


class Wording(NamedTuple):
    """The words of a document, in order and as sets: of all of it, and of its text without the title."""

    contents: tuple[list[str], frozenset[str]]
    text: tuple[list[str], frozenset[str]]

    @classmethod
    def of(cls, document: Document) -> Wording:
        """Take a document's words, in lower case."""
        title, text = words(document.title), words(document.text)
        distinct = frozenset(text)
        return cls(([*title, *text], distinct.union(title)), (text, distinct))

    def says_the_same(self, other: Wording, similarity: float) -> bool:
        """Whether the words have at least this Jaccard similarity, titles aside where both have a text.

        Similarity 1 asks for equal texts, in the order of their words.
        """
        pairs = [(self.contents, other.contents)]
        if self.text[0] and other.text[0]:
            pairs.append((self.text, other.text))
        if similarity >= 1:
            return any(one[0] == another[0] for one, another in pairs)
        return any(_reaches(one[1], another[1], similarity) for one, another in pairs)


def _reaches(one: frozenset[str], other: frozenset[str], similarity: float) -> bool:
    # The smaller set's share of the larger bounds the similarity from above: most pairs need no more than that.
    few, many = sorted((len(one), len(other)))
    return few >= similarity * many * (1 - 1e-9) and _jaccard(one, other) >= similarity


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0

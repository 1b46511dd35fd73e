"""Which documents are known to answer a query: those of all rows that ask in the same words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from inpars.data.words import words_hash
from inpars.train.examples import Examples


class Positives:
    """Queries and documents as numbers, which processes can exchange, and the documents that answer each query.

    Equal words give equal numbers, so that a copy of a document counts as the document.
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._of: defaultdict[int, set[str]] = defaultdict(set)
        for triple in examples.given:
            self._of[_number(triple.query)].add(triple.positive_id)
        self._documents: dict[str, int] = {}
        self._doc_ids: dict[int, str] = {}
        self._queries = {_number(triple.query): triple.query for triple in examples.given}

    def row(self, place: int, epoch: int) -> list[int]:
        """The numbers of an example's query, its positive and the negatives that it has in this epoch."""
        query, doc_ids = self._examples.ids(place, epoch)
        return [_number(query), *map(self._document, doc_ids)]

    def known(self, queries: Iterable[int], documents: Sequence[int]) -> Tensor:
        """Whether a document is known to answer a query: bool, shape (queries, documents)."""
        places: defaultdict[int, list[int]] = defaultdict(list)
        for place, document in enumerate(documents):
            places[document].append(place)
        asked = list(queries)
        found = torch.zeros(len(asked), len(documents), dtype=torch.bool)
        for row, query in enumerate(asked):
            for positive in {self._document(doc_id) for doc_id in self._of.get(query, ())}:
                found[row, places.get(positive, [])] = True
        return found

    def texts(self, queries: Iterable[int]) -> list[str]:
        """The texts of queries by their numbers."""
        return [self._queries[query] for query in queries]

    def doc_ids(self, documents: Sequence[int]) -> list[str]:
        """The ids of documents by their numbers; of a text that several have, one of them."""
        for number in documents:
            if number not in self._doc_ids:
                # Another process has numbered it: the corpus has it too.
                self._number_all()
        return [self._doc_ids[number] for number in documents]

    def _number_all(self) -> None:
        for triple in self._examples.triples:
            for doc_id in (triple.positive_id, *triple.negative_ids):
                self._document(doc_id)

    def _document(self, doc_id: str) -> int:
        if doc_id not in self._documents:
            number = self._documents[doc_id] = _number(self._examples.text(doc_id))
            self._doc_ids.setdefault(number, doc_id)
        return self._documents[doc_id]


def _number(text: str) -> int:
    """63 bits of a hash of the words."""
    return words_hash(text) >> 1

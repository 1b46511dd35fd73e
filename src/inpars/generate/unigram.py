"""Unigram language models of a collection and of a document in it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

import numpy as np

from inpars.data.segmentation import is_unspaced, marks
from inpars.generate.phrases import phrases


def words(text: str) -> list[str]:
    """The words of `text` as they stand, without punctuation; phrases where no blanks stand between words."""
    found = _word().findall(text)
    if not is_unspaced(text):
        return found
    return [phrase for word in found for phrase in phrases(word)]


@cache
def _word() -> re.Pattern[str]:
    return re.compile(rf"\w[\w{marks()}]*(?:[-'’]\w[\w{marks()}]*)*")


class CollectionModel:
    """Term and document frequencies over (a sample of) a collection, lower-cased."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.term_counts: Counter[str] = Counter()
        self.document_counts: Counter[str] = Counter()
        self.documents = 0
        for text in texts:
            terms = [word.lower() for word in words(text)]
            self.term_counts.update(terms)
            self.document_counts.update(set(terms))
            self.documents += 1
        self.total = sum(self.term_counts.values())
        # Sorted, so that what is drawn does not depend on the order of the texts.
        self._vocabulary = sorted(self.term_counts)
        self._cumulative = np.cumsum([self.term_counts[term] for term in self._vocabulary])

    def probability(self, term: str) -> float:
        """p(term | collection); an unseen term counts as half an occurrence."""
        return (self.term_counts.get(term, 0) or 0.5) / (self.total + 0.5)

    def idf(self, term: str) -> float:
        """ln(1 + N/df), at least that of a term in one document where unseen."""
        return math.log(1 + self.documents / max(self.document_counts.get(term, 0), 1))

    def is_content_word(self, term: str) -> bool:
        """Whether a term says what a text is about: a fifth of the documents have it at most."""
        return len(term) > 1 and self.document_counts.get(term, 0) <= max(1, 0.2 * self.documents)

    def draw(self, rng: np.random.Generator) -> str:
        """One term drawn from p(term | collection)."""
        place = np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1], side="right")
        return self._vocabulary[int(place)]


class DocumentModel:
    """p(t|d) = (1 - smoothing) tf/|d| + smoothing p(t|collection): Jelinek-Mercer smoothing."""

    def __init__(self, text: str, collection: CollectionModel, smoothing: float) -> None:
        self.counts = Counter(word.lower() for word in words(text))
        self.length = sum(self.counts.values())
        self.collection = collection
        self.smoothing = smoothing if self.length else 1.0

    def log_prob(self, term: str) -> float:
        """ln p(term | document)."""
        own = self.counts.get(term, 0) / self.length if self.length else 0.0
        return math.log((1 - self.smoothing) * own + self.smoothing * self.collection.probability(term))

    def log_probs(self, query: str) -> list[float]:
        """ln p(term | document) of each word of `query`."""
        return [self.log_prob(word.lower()) for word in words(query)]

    def draw(self, rng: np.random.Generator) -> str:
        """One term drawn from the smoothed model."""
        if not self.counts or rng.random() < self.smoothing:
            return self.collection.draw(rng)
        terms = list(self.counts)
        weights = np.fromiter(self.counts.values(), dtype=np.float64, count=len(terms))
        return terms[int(rng.choice(len(terms), p=weights / weights.sum()))]

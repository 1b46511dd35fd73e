"""Queries taken from the document itself, by statistics alone: no weights, no network.

Sentences and titles as queries with the source cut out follow the inverse cloze task (Lee et al.
2019, arXiv 1906.00300); known-item terms follow Azzopardi and de Rijke (SIGIR 2007).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate, islice
from typing import NamedTuple

import numpy as np

from inpars.data.corpora import Corpus
from inpars.data.records import Document, SyntheticQuery
from inpars.data.seeds import generator
from inpars.data.segmentation import is_unspaced, marks
from inpars.generate.backends import Written
from inpars.generate.config import GenerateConfig
from inpars.generate.phrases import phrases
from inpars.generate.sentences import Span, heading_text, headings, sentences
from inpars.generate.unigram import CollectionModel, DocumentModel, words

_CHUNK = re.compile(r"\S+")
_ATTEMPTS_PER_QUERY = 4
_MIN_WORDS = 3
_MIN_QUERY_WORDS = 2
_MAX_KEYWORDS = 6
_MAX_TERMS = 6


class _Draft(NamedTuple):
    """A query, and the document as it stands with the query's source cut out (None: nothing is cut)."""

    query: str
    withheld: str | None = None
    log_probs: list[float] | None = None


class Extractive:
    """Draws a kind of query for each request from the configured mixture.

    Everything about a document follows from the seed and its id, so that the queries do not depend
    on which documents were asked before, in which run, or in which order.
    """

    def __init__(self, corpus: Corpus, config: GenerateConfig) -> None:
        self.inputs: dict[str, str] = {}
        self.corpus = corpus
        self.config = config
        self.options = config.extractive
        mixture = self.options.mixture.model_dump()
        self._kinds = list(mixture)
        weights = np.array([mixture[kind] for kind in self._kinds])
        self._weights = weights / weights.sum()
        self._draw: dict[str, Callable[[Document, DocumentModel, np.random.Generator], _Draft | None]] = {
            "title": self._title,
            "heading": self._heading,
            "sentence": self._sentence,
            "keywords": self._keywords,
            "terms": self._terms,
        }

    @cached_property
    def collection(self) -> CollectionModel:
        """The language model of the collection, over a sample of it."""
        documents = islice(self.corpus.shuffled(self.config.seed), self.options.statistics_documents)
        return CollectionModel(document.contents for document in documents)

    def write(self, documents: Iterable[Document]) -> Iterator[Written]:
        """One `Written` for each document, in their order."""
        for document in documents:
            written = Written(document.doc_id, self.queries(document))
            if not written.queries:
                written.dropped = [{"doc_id": document.doc_id, "reason": "too little text to take a query from"}]
            yield written

    def queries(self, document: Document) -> list[SyntheticQuery]:
        """Up to `queries_per_document` different queries; fewer where the document is too short for more."""
        rng = generator(self.config.seed, document.doc_id)
        model = DocumentModel(document.contents, self.collection, self.options.smoothing)
        found: dict[str, SyntheticQuery] = {}
        for _ in range(_ATTEMPTS_PER_QUERY * self.config.queries_per_document):
            if len(found) == self.config.queries_per_document:
                break
            kind = str(rng.choice(self._kinds, p=self._weights))
            draft = self._draw[kind](document, model, rng)
            if draft is None or draft.query.lower() in found:
                continue
            hidden = draft.withheld is not None and rng.random() < self.options.hide
            found[draft.query.lower()] = SyntheticQuery(
                query=draft.query,
                doc_id=document.doc_id,
                doc_text=draft.withheld if draft.withheld and hidden else document.contents,
                log_probs=draft.log_probs or model.log_probs(draft.query),
                generator=f"extractive:{kind}",
            )
        return list(found.values())

    def _title(self, document: Document, model: DocumentModel, rng: np.random.Generator) -> _Draft | None:
        if len(words(document.title)) < _MIN_WORDS:
            return None
        return self._drafted(" ".join(document.title.split()), Document(document.doc_id, document.text))

    def _heading(self, document: Document, model: DocumentModel, rng: np.random.Generator) -> _Draft | None:
        found = headings(document.text)
        if not found:
            return None
        span = found[int(rng.integers(len(found)))]
        return self._drafted(heading_text(span.of(document.text)), _without(document, span))

    def _sentence(self, document: Document, model: DocumentModel, rng: np.random.Generator) -> _Draft | None:
        span = self._salient(document, rng)
        return self._drafted(span.of(document.text).strip("，；、"), _without(document, span)) if span else None

    def _keywords(self, document: Document, model: DocumentModel, rng: np.random.Generator) -> _Draft | None:
        span = self._salient(document, rng)
        if span is None:
            return None
        content = [
            w for w in dict.fromkeys(words(span.of(document.text))) if self.collection.is_content_word(w.lower())
        ]
        limit = int(rng.integers(_MIN_WORDS, _MAX_KEYWORDS + 1))
        best = set(sorted(content, key=lambda w: -self.collection.idf(w.lower()))[:limit])
        chosen = [word for word in content if word in best]
        if len(chosen) < _MIN_QUERY_WORDS:
            return None
        return _Draft(" ".join(chosen), self._without_words(span.of(document.text), _without(document, span)))

    def _terms(self, document: Document, model: DocumentModel, rng: np.random.Generator) -> _Draft | None:
        if model.length < _MIN_WORDS:
            return None
        target = int(rng.integers(_MIN_WORDS, _MAX_TERMS + 1))
        chosen: dict[str, float] = {}
        for _ in range(8 * target):
            term = model.draw(rng)
            if self.collection.is_content_word(term):
                chosen.setdefault(term, model.log_prob(term))
            if len(chosen) == target:
                break
        return _Draft(" ".join(chosen), None, list(chosen.values())) if len(chosen) >= _MIN_QUERY_WORDS else None

    def _salient(self, document: Document, rng: np.random.Generator) -> Span | None:
        """A sentence drawn in proportion to how much of the document's weight (tf-idf) its words carry."""
        text = document.text
        spans = [s for s in sentences(text) if len(words(text[s.start : s.end])) >= _MIN_WORDS]
        if not spans or len(words(document.contents)) < 3 * _MIN_WORDS:
            return None
        counts = DocumentModel(document.contents, self.collection, 0.5).counts
        salience = []
        for span in spans:
            terms = [w.lower() for w in words(text[span.start : span.end])]
            content = dict.fromkeys(t for t in terms if self.collection.is_content_word(t))
            salience.append(sum(counts[t] * self.collection.idf(t) for t in content) / len(terms) + 1e-6)
        weights = np.array(salience)
        span = spans[int(rng.choice(len(spans), p=weights / weights.sum()))]
        return _shortened(text, span, self.options.max_words, rng)

    def _drafted(self, query: str, rest: Document) -> _Draft | None:
        """`query` as a draft that can be hidden; None where it says nothing, or all that the document says."""
        withheld = self._without_words(query, rest) if len(words(query)) >= _MIN_QUERY_WORDS else None
        return _Draft(query, withheld) if withheld else None

    def _without_words(self, source: str, rest: Document) -> str | None:
        """The searchable text of `rest` without any copy of `source` in it; None where too little is left.

        A title is often the first sentence too, and a sentence may stand twice. What counts is the
        words, whatever stands between them.
        """
        inside = rf"\w{marks()}"
        phrase = rf"[^{inside}]+".join(map(re.escape, re.findall(f"[{inside}]+", source)))
        # Where there are no blanks a copy may stand amid other words.
        begin, end = ("", "") if is_unspaced(source) else (f"(?<![{inside}])", f"(?![{inside}])")
        copy = re.compile(rf"{begin}{phrase}{end}[.!?。！？，；:]?", re.IGNORECASE)
        text = rest.contents
        while copy.search(text):
            text = copy.sub("", text).strip()
        return text if len(words(text)) >= self.options.min_rest else None


def _shortened(text: str, span: Span, max_words: int, rng: np.random.Generator) -> Span:
    """`span`, or a random stretch of `max_words` words of it where it is longer."""
    starts = [
        span.start + chunk.start() + begin
        for chunk in _CHUNK.finditer(text[span.start : span.end])
        for begin in accumulate(map(len, phrases(chunk[0])[:-1]), initial=0)
    ]
    if len(starts) <= max_words:
        return span
    length = int(rng.integers(max(_MIN_WORDS, max_words // 3), max_words + 1))
    first = int(rng.integers(len(starts) - length + 1))
    end = starts[first + length] if first + length < len(starts) else span.end
    return Span(starts[first], end)


def _without(document: Document, span: Span) -> Document:
    """The document with `span` of its body cut out."""
    return Document(document.doc_id, span.cut_from(document.text), document.title)

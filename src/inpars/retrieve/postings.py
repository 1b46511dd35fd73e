"""An inverted index whose postings hold a term's whole share of the BM25 score, built in bounded memory.

Scores are summed when documents are searched and weighed when they are indexed, as in BM25S
(Lù 2024, arXiv 2407.03618), whose scores these are to the last bit.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inpars.data.files import atomic_write, read_json, write_json
from inpars.errors import InparsError
from inpars.retrieve.analysis import Analyzer, analyzer

TOKENS_AT_ONCE = 1 << 19
"""Tokens that are sorted together, and postings that are weighed together."""

_DOCUMENTS_AT_ONCE = 1 << 16
_KNOWN_WORDS = 1 << 20

SCORES = "bm25.scores.npy"
"""The file that stands for the whole index."""

_DOCUMENTS, _OFFSETS, _RANKS = "bm25.documents.npy", "bm25.offsets.npy", "bm25.ranks.npy"
_NORM = "bm25.norm.npy"
_TERMS, _IDS = "bm25.terms.json", "bm25.ids.json"


class Postings(NamedTuple):
    """Documents in the order they came, terms in the order they were met.

    Term number `t` stands in `documents[offsets[t] : offsets[t + 1]]` (int32, rising), and adds the
    float32 at the same place of `scores`, always above 0, to the score of each. `offsets` are int64.
    `ranks` (uint32) is the place of each document's id among the sorted ids. `norm` (two float64) is
    what BM25 adds to a frequency: for a text without words, and further for each of its words.
    """

    doc_ids: list[str]
    vocabulary: dict[str, int]
    offsets: np.ndarray
    documents: np.ndarray
    scores: np.ndarray
    ranks: np.ndarray
    norm: np.ndarray

    def idf(self, term: int) -> float:
        """The inverse document frequency of a term, above 0."""
        return _idf(len(self.doc_ids), int(self.offsets[term + 1] - self.offsets[term]))


def build(documents: Iterable[tuple[str, str]], language: str, *, k1: float, b: float) -> Postings:
    """Index `(document id, text)` pairs in memory; `InparsError` where no text has a word.

    While it is built a posting takes some three bytes beside the eight that it has in the end.
    """
    counts = _Counts(documents, language)
    weigh = _Weights(counts, k1, b)
    places, scores = np.empty(weigh.offsets[-1], np.int32), np.empty(weigh.offsets[-1], np.float32)
    done = 0
    for some, their_scores in weigh.blocks():
        places[done : done + len(some)], scores[done : done + len(some)] = some, their_scores
        done += len(some)
    arrays = weigh.offsets, places, scores, _ranks(counts.doc_ids), weigh.norm
    for array_ in arrays:
        # As memory-mapped ones are.
        array_.flags.writeable = False
    return Postings(counts.doc_ids, counts.vocabulary, *arrays)


def save(documents: Iterable[tuple[str, str]], language: str, folder: Path, *, k1: float, b: float) -> int:
    """Index as `build` does, straight into files in `folder`; returns the number of documents.

    Each file is written all or nothing; whether they belong together is for the caller to note.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".bm25.*.tmp"):
        leftover.unlink()
    counts = _Counts(documents, language)
    weigh = _Weights(counts, k1, b)
    write_json(folder / _IDS, counts.doc_ids)
    write_json(folder / _TERMS, list(counts.vocabulary))
    for name, values in ((_OFFSETS, weigh.offsets), (_RANKS, _ranks(counts.doc_ids)), (_NORM, weigh.norm)):
        with atomic_write(folder / name) as stream:
            np.save(stream, values)
    with ExitStack() as stack:
        streams = [stack.enter_context(atomic_write(folder / name)) for name in (_DOCUMENTS, SCORES)]
        for stream, dtype in zip(streams, (np.int32, np.float32), strict=True):
            descr, shape = np.lib.format.dtype_to_descr(np.dtype(dtype)), (int(weigh.offsets[-1]),)
            np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
        for block in weigh.blocks():
            for stream, values in zip(streams, block, strict=True):
                stream.write(values.data)
    return len(counts.doc_ids)


def load(folder: Path) -> Postings:
    """What `save` left in `folder`, its postings memory-mapped. `OSError` or `ValueError` where files are not whole."""
    # As plain arrays: the mapping lives as long as they do.
    offsets, documents, scores, ranks, norm = (
        np.asarray(np.load(folder / name, mmap_mode="r")) for name in (_OFFSETS, _DOCUMENTS, SCORES, _RANKS, _NORM)
    )
    doc_ids, terms = read_json(folder / _IDS), read_json(folder / _TERMS)
    if (len(terms) + 1, len(doc_ids), len(scores)) != (len(offsets), len(ranks), len(documents)):
        raise ValueError(f"the files of the index in {folder} do not belong together")
    vocabulary = {term: number for number, term in enumerate(terms)}
    return Postings(doc_ids, vocabulary, offsets, documents, scores, ranks, norm)


class _Words(dict[str, int]):
    """The term's number of every word met: a word is folded and stemmed once, not each time it stands.

    A word without a term has -1, one of several terms -2 or less: `several[-2 - number]` has their numbers.
    """

    def __init__(self, analyze: Analyzer) -> None:
        super().__init__()
        self.analyze, self.vocabulary = analyze, dict[str, int]()
        self.several: list[list[int]] = []

    def __missing__(self, word: str) -> int:
        if len(self) >= _KNOWN_WORDS:
            self.clear()
        terms, known = self.analyze.terms(word), self.vocabulary
        if len(terms) < 2:
            number = known.setdefault(terms[0], len(known)) if terms else -1
        else:
            number = -2 - len(self.several)
            self.several.append([known.setdefault(term, len(known)) for term in terms])
        self[word] = number
        return number


class _Chunk(NamedTuple):
    """Term frequencies of neighbouring documents, sorted by term, then document; numbers as narrow as they fit.

    `terms` are the distinct ones, `starts` where the postings of each begin, and where the last ends.
    """

    terms: np.ndarray
    starts: np.ndarray
    documents: np.ndarray
    frequencies: np.ndarray
    first: int


class _Counts:
    """One pass over the documents: what each holds how often."""

    def __init__(self, documents: Iterable[tuple[str, str]], language: str) -> None:
        self.doc_ids: list[str] = []
        self.chunks: list[_Chunk] = []
        lengths: list[np.ndarray] = []
        analyze = analyzer(language)
        known = _Words(analyze)
        tokens, sizes = array("i"), array("q")
        stream = iter(documents)
        while True:
            entry = next(stream, None)
            if sizes and (entry is None or len(tokens) >= TOKENS_AT_ONCE or len(sizes) == _DOCUMENTS_AT_ONCE):
                lengths.append(self._add(tokens, sizes, known.several))
                tokens, sizes = array("i"), array("q")
            if entry is None:
                break
            doc_id, text = entry
            self.doc_ids.append(doc_id)
            before = len(tokens)
            tokens.extend(map(known.__getitem__, analyze.split(text)))
            sizes.append(len(tokens) - before)
        self.vocabulary = known.vocabulary
        if not self.vocabulary:
            raise InparsError(
                f"BM25 finds no words in {len(self.doc_ids)} documents", hint=f"is the language {language!r}?"
            )
        self.lengths = np.concatenate(lengths)

    def _add(self, tokens: array[int], sizes: array[int], several: list[list[int]]) -> np.ndarray:
        terms = np.frombuffer(tokens, dtype=np.int32) if tokens else np.empty(0, np.int32)
        documents = np.repeat(np.arange(len(sizes)), np.frombuffer(sizes, dtype=np.int64))
        if several and len(places := np.flatnonzero(terms < -1)):
            # The terms of a word of several stand at the end: within a document their order does not count.
            found = [several[-2 - number] for number in terms[places].tolist()]
            terms = np.concatenate([terms, np.concatenate(found)])
            documents = np.concatenate([documents, np.repeat(documents[places], list(map(len, found)))])
        said = terms >= 0
        keys = np.sort(terms[said].astype(np.int64) << 16 | documents[said])
        starts = _changes(keys)
        keys, frequencies = keys[starts], np.diff(starts, append=len(keys))
        terms = keys >> 16
        starts = _changes(terms)
        self.chunks.append(
            _Chunk(
                terms[starts].astype(np.int32),
                np.append(starts, len(terms)).astype(np.int32),
                _narrow(keys & 0xFFFF),
                _narrow(frequencies),
                len(self.doc_ids) - len(sizes),
            )
        )
        return np.bincount(documents[said], minlength=len(sizes))


class _Weights:
    """BM25 as Lucene has it: k1 * (1 - b + b * length / average) beside the term's frequency, idf above 0."""

    def __init__(self, counts: _Counts, k1: float, b: float) -> None:
        self._counts = counts
        containing = np.zeros(len(counts.vocabulary), dtype=np.int64)
        for chunk in counts.chunks:
            containing[chunk.terms] += np.diff(chunk.starts)
        self.offsets = np.concatenate([[0], np.cumsum(containing)])
        self._norms = k1 * ((1 - b) + b * counts.lengths / counts.lengths.mean())
        self.norm = np.array([k1 * (1 - b), k1 * b / counts.lengths.mean()])
        total, (sizes, which) = len(counts.doc_ids), np.unique(containing, return_inverse=True)
        logs = [_idf(total, size) for size in sizes.tolist()]
        self._idf = np.array(logs, dtype=np.float32)[which]

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Documents (int32) and scores (float32) of the postings, in their final order, some at a time."""
        term = 0
        while term < len(self._idf):
            end = int(np.searchsorted(self.offsets, self.offsets[term] + TOKENS_AT_ONCE, side="right")) - 1
            end = max(end, term + 1)
            yield self._block(term, end)
            term = end

    def _block(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        cursors = self.offsets[first:end] - self.offsets[first]
        size = int(self.offsets[end] - self.offsets[first])
        documents, frequencies = np.empty(size, np.int32), np.empty(size, np.float64)
        for chunk in self._counts.chunks:
            low, high = np.searchsorted(chunk.terms, (first, end))
            if low == high:
                continue
            terms, starts = chunk.terms[low:high] - first, chunk.starts[low : high + 1].astype(np.int64)
            sizes = np.diff(starts)
            # The chunk's postings of each term go behind those of the chunks before it.
            target = np.repeat(cursors[terms] - starts[:-1], sizes) + np.arange(starts[0], starts[-1])
            documents[target] = chunk.documents[starts[0] : starts[-1]].astype(np.int32) + chunk.first
            frequencies[target] = chunk.frequencies[starts[0] : starts[-1]]
            cursors[terms] += sizes
        idf = np.repeat(self._idf[first:end], np.diff(self.offsets[first : end + 1]))
        scores = (idf * (frequencies / (self._norms[documents] + frequencies))).astype(np.float32)
        # A document that shares a word with a query is found, however little the word says.
        return documents, np.maximum(scores, np.finfo(np.float32).tiny)


def _idf(documents: int, containing: int) -> float:
    # By math.log, since numpy's depends, in its last digits, on the processor.
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5))


def _ranks(doc_ids: list[str]) -> np.ndarray:
    ranks = np.empty(len(doc_ids), dtype=np.uint32)
    ranks[sorted(range(len(doc_ids)), key=doc_ids.__getitem__)] = np.arange(len(doc_ids), dtype=np.uint32)
    return ranks


def _changes(values: np.ndarray) -> np.ndarray:
    """Where a sorted array's values differ from the one before, the first place included."""
    return np.flatnonzero(np.diff(values, prepend=values[:1] - 1)) if len(values) else np.empty(0, np.int64)


def _narrow(values: np.ndarray) -> np.ndarray:
    return values.astype(np.min_scalar_type(values.max(initial=0)))

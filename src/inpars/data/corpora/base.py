"""What every corpus offers, and the index that gives it in bounded memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from inpars.data.ids import Blanks, check_whole
from inpars.data.records import Document
from inpars.errors import InputError

_MASK = (1 << 64) - 1


@runtime_checkable
class Corpus(Protocol):
    """Documents that can be streamed, counted, looked up by id and sampled."""

    name: str

    def __iter__(self) -> Iterator[Document]: ...
    def __len__(self) -> int: ...
    def __contains__(self, doc_id: object) -> bool: ...
    def __getitem__(self, doc_id: str) -> Document: ...

    def shuffled(self, seed: int) -> Iterator[Document]:
        """Every document once, in a random order that `seed` fixes."""
        ...

    def sample(self, n: int, seed: int) -> list[Document]:
        """`n` distinct documents, in an order that `seed` fixes."""
        ...

    def fingerprint(self) -> str:
        """A hash that changes whenever any document does."""
        ...


class IndexedCorpus(ABC):
    """A corpus over anything that can stream `(locator, line, document)` and go back to a locator.

    The first full pass, whoever makes it, leaves an index of 24 bytes a document (a 64-bit hash of
    the id, the locator, the sort order) and reports ids that occur twice or have blanks. No text stays in memory.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._locators: np.ndarray | None = None
        self._hashes: np.ndarray = np.empty(0, dtype=np.uint64)
        self._order: np.ndarray = np.empty(0, dtype=np.int64)

    @abstractmethod
    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        """Stream `(locator, line number, document)` in file order."""

    @abstractmethod
    def _fetch(self, locator: int) -> Document:
        """Read one document again."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A hash that changes whenever any document does."""

    def _file_of(self, locator: int) -> str:
        """The file that a document is in, for messages."""
        return self.name

    def _id_hint(self) -> str:
        """What to do about ids that repeat."""
        return ""

    def _none_hint(self) -> str:
        """What to do where there are no documents."""
        return ""

    def __iter__(self) -> Iterator[Document]:
        if self._locators is not None:
            for _, _, document in self._rows():
                yield document
            return
        hashes, locators = array("Q"), array("q")
        blanks, first = Blanks("document"), 0
        for locator, line, document in self._rows():
            first = first if blanks.count else locator
            blanks.see(document.doc_id, line)
            hashes.append(hash(document.doc_id) & _MASK)
            locators.append(locator)
            yield document
        blanks.check(self._file_of(first))
        self._finish_index(np.frombuffer(hashes, dtype=np.uint64), np.frombuffer(locators, dtype=np.int64))

    def __len__(self) -> int:
        return len(self._index())

    def __contains__(self, doc_id: object) -> bool:
        return isinstance(doc_id, str) and self._find(doc_id) is not None

    def __getitem__(self, doc_id: str) -> Document:
        """The document with this id; `KeyError` where there is none."""
        if (document := self._find(doc_id)) is None:
            raise KeyError(doc_id)
        return document

    def shuffled(self, seed: int) -> Iterator[Document]:
        """Every document once, in a random order that `seed` fixes, read one at a time."""
        locators = self._index()
        for position in np.random.default_rng(seed).permutation(len(locators)):
            yield self._fetch(int(locators[position]))

    def sample(self, n: int, seed: int) -> list[Document]:
        """`n` distinct documents (all of them where there are fewer), in an order that `seed` fixes."""
        return [document for document, _ in zip(self.shuffled(seed), range(n), strict=False)]

    def _find(self, doc_id: str) -> Document | None:
        locators = self._index()
        key = np.uint64(hash(doc_id) & _MASK)
        start = int(np.searchsorted(self._hashes, key))
        while start < len(self._hashes) and self._hashes[start] == key:
            document = self._fetch(int(locators[self._order[start]]))
            if document.doc_id == doc_id:
                return document
            start += 1
        return None

    def absent(self, doc_ids: Iterable[str]) -> list[str]:
        """Those of `doc_ids` that no document has, in their order, found without reading any document.

        Ids are told apart by 64 bits of a hash: what is named is absent for certain.
        """
        self._index()
        wanted = list(doc_ids)
        hashes = np.fromiter((hash(doc_id) & _MASK for doc_id in wanted), dtype=np.uint64, count=len(wanted))
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return [wanted[place] for place in np.flatnonzero(self._hashes[places] != hashes)]

    def _index(self) -> np.ndarray:
        if self._locators is None:
            for _ in self:
                pass
        assert self._locators is not None
        return self._locators

    def _finish_index(self, hashes: np.ndarray, locators: np.ndarray) -> None:
        if not len(hashes):
            raise InputError(self.name, expected="at least one document", found="none", hint=self._none_hint())
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        for place in np.flatnonzero(ordered[1:] == ordered[:-1]):
            earlier, later = (int(locators[order[place + step]]) for step in (0, 1))
            doc_id = self._fetch(later).doc_id
            if self._fetch(earlier).doc_id == doc_id:
                raise self._duplicate(doc_id, earlier, later)
        self._hashes, self._order, self._locators = ordered, order, locators

    def _duplicate(self, doc_id: str, earlier: int, later: int) -> InputError:
        lines: dict[int, int] = {}
        for locator, line, _ in self._rows():
            if locator in (earlier, later):
                lines[locator] = line
                if len(lines) == 2:
                    break
        file, other = self._file_of(later), self._file_of(earlier)
        where = f"line {lines[earlier]}{'' if other == file else f' of {other}'}"
        return InputError(
            file,
            line=lines[later],
            expected="every document id once",
            found=f"id {doc_id!r}, which {where} already has",
            hint=self._id_hint(),
        )


def absent_from(corpus: Corpus, doc_ids: Iterable[str]) -> list[str]:
    """Those of `doc_ids` that the corpus lacks, in their order."""
    if isinstance(corpus, IndexedCorpus):
        return corpus.absent(doc_ids)
    return [doc_id for doc_id in doc_ids if doc_id not in corpus]


def check_ids(corpus: Corpus) -> None:
    """Read every id once: `InputError` for ids with blanks, and for what else is wrong with a corpus of ours."""
    if isinstance(corpus, IndexedCorpus):
        len(corpus)
        return
    check_whole("document", (document.doc_id for document in corpus), corpus.name)

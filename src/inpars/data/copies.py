"""Documents of a collection that say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inpars.data.corpora import Corpus
from inpars.data.hashes import hash_of
from inpars.data.records import Document
from inpars.data.words import same_words


class Copies:
    """The copies that some documents have in a corpus, found in one pass over it.

    A copy has the same words in the same order, titles aside where both have a text. Held are hashes of
    these documents and the ids of their copies: as much as there are of them, whatever the size of the
    corpus and however many are copies of each other.
    """

    def __init__(self, corpus: Corpus, doc_ids: Iterable[str]) -> None:
        """Find the copies of `doc_ids`; one that the corpus lacks has none."""
        self._hashes = {d: [hash_of(w) for w in _words_of(corpus[d])] for d in dict.fromkeys(doc_ids) if d in corpus}
        self._holders: dict[str, set[str]] = {own: set() for hashes in self._hashes.values() for own in hashes}
        for document in corpus if self._hashes else ():
            for words in _words_of(document):
                if (holders := self._holders.get(hash_of(words))) is not None:
                    holders.add(document.doc_id)

    def alike(self, doc_id: str, other: str) -> bool:
        """Whether `other` is `doc_id`, which is one of those asked for, or a copy of it."""
        return doc_id == other or any(other in self._holders[own] for own in self._hashes.get(doc_id, ()))


def _words_of(document: Document) -> Iterator[tuple[str, str]]:
    """What a copy has alike, either of the two: all its words, or those of its text."""
    yield "contents", same_words(document.contents)
    if text := same_words(document.text):
        yield "text", text

"""A corpus some of whose documents have another text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inpars.data.corpora.base import Corpus
from inpars.data.hashes import hash_of
from inpars.data.records import Document


class Replaced:
    """`corpus` with `texts` in the place of what it has under their ids, all of which it must have.

    Such a text is the whole of its document: title and text in one.
    """

    def __init__(self, corpus: Corpus, texts: Mapping[str, str]) -> None:
        self.corpus, self.texts, self.name = corpus, dict(texts), corpus.name

    def __iter__(self) -> Iterator[Document]:
        return map(self._seen, self.corpus)

    def __len__(self) -> int:
        return len(self.corpus)

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self.corpus

    def __getitem__(self, doc_id: str) -> Document:
        return self._seen(self.corpus[doc_id])

    def shuffled(self, seed: int) -> Iterator[Document]:
        """Every document once, in the order that `corpus` gives for `seed`."""
        return map(self._seen, self.corpus.shuffled(seed))

    def sample(self, n: int, seed: int) -> list[Document]:
        """`n` distinct documents, those that `corpus` gives for `seed`."""
        return [*map(self._seen, self.corpus.sample(n, seed))]

    def fingerprint(self) -> str:
        """A hash of the corpus's own and of the texts."""
        return hash_of([self.corpus.fingerprint(), self.texts])

    def _seen(self, document: Document) -> Document:
        text = self.texts.get(document.doc_id)
        return document if text is None else Document(document.doc_id, text)

"""Texts of a corpus by id, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inpars.data.corpora.base import Corpus


class Texts(Mapping[str, str]):
    """`{document id: title + " " + text}`, of which nothing is held: each look-up reads the corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    def __getitem__(self, doc_id: str) -> str:
        return self.corpus[doc_id].contents

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self.corpus

    def __iter__(self) -> Iterator[str]:
        return (document.doc_id for document in self.corpus)

    def __len__(self) -> int:
        return len(self.corpus)

"""Which documents queries are written for."""

from __future__ import annotations

from collections.abc import Iterator

from inpars.data.corpora import Corpus
from inpars.data.records import Document
from inpars.generate.config import GenerateConfig


def eligible(corpus: Corpus, config: GenerateConfig, shown: set[str]) -> Iterator[Document]:
    """The documents to write queries for, in the order that the seed fixes; those `shown` as examples are left out."""
    longest = config.max_doc_chars or float("inf")
    for document in corpus.shuffled(config.seed):
        if config.min_doc_chars <= len(document.contents) <= longest and document.doc_id not in shown:
            yield document

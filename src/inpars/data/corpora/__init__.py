"""Corpora: documents from anywhere, opened by one spec string and streamed in bounded memory."""

from inpars.data.corpora.base import Corpus
from inpars.data.corpora.open import open_corpus

__all__ = ["Corpus", "open_corpus"]

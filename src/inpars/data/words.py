"""The words by which texts are compared: texts of the same words, whatever their case and blanks, say the same."""

from __future__ import annotations

import hashlib

from inpars.data.segmentation import is_unspaced, segment


def words(text: str) -> list[str]:
    """The words of a text in their order, in lower case; pairs of characters where no blanks stand between them."""
    return segment(text) if is_unspaced(text) else text.lower().split()


def same_words(text: str) -> str:
    """One string for all texts of the same words."""
    return " ".join(text.lower().split())


def words_hash(text: str) -> int:
    """64 bits of a hash of a text's words, where very many texts are to be told apart."""
    return int.from_bytes(hashlib.blake2b(same_words(text).encode(), digest_size=8).digest(), "big")

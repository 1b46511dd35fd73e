"""Counting and cutting text by tokens: a model's own, or an estimate where they are not to be had."""

from __future__ import annotations

import re
from typing import Any

# The vocabularies of today hold most Latin words of up to six letters whole and longer ones in several
# pieces; of Greek to Tibetan they hold pairs, of other scripts single characters.
_PIECE = re.compile(r"\s*(?:[A-Za-zÀ-ɏ]{1,6}|\d{1,3}|[\u0370-\u0fff]{1,2}|\S)")


class ModelTokenizer:
    """A model's own tokenizer, special tokens left out: a Hugging Face one, or any with its `encode`."""

    exact = True

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        # Only those written in Rust tell where in the text a token stands.
        self._tells_places = hasattr(tokenizer, "backend_tokenizer")

    def count(self, text: str) -> int:
        """How many tokens `text` has."""
        if self._tells_places:
            return len(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def truncate(self, text: str, tokens: int) -> str:
        """The beginning of `text` of at most `tokens` tokens, cut from the text itself and not decoded anew."""
        if not self._tells_places:
            return self._bisect(text, tokens)
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        places = encoded["offset_mapping"]
        if len(places) <= tokens:
            return text
        for _, end in reversed(places[: max(tokens, 0)]):
            # The last character may need further tokens, and some text has more of them alone than within a longer one.
            if self.count(text[:end]) <= tokens:
                return text[:end]
        return ""

    def _bisect(self, text: str, tokens: int) -> str:
        if self.count(text) <= tokens:
            return text
        fits, beyond = 0, len(text)
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if self.count(text[:middle]) <= tokens:
                fits = middle
            else:
                beyond = middle
        return text[:fits]


class EstimatedTokenizer:
    """Tokens guessed from words and marks: an estimate, made for English, rough for the rest."""

    exact = False

    def count(self, text: str) -> int:
        """About how many tokens `text` has."""
        return sum(1 for _ in _PIECE.finditer(text))

    def truncate(self, text: str, tokens: int) -> str:
        """The beginning of `text` of about `tokens` tokens."""
        if tokens <= 0:
            return ""
        for number, piece in enumerate(_PIECE.finditer(text), start=1):
            if number > tokens:
                return text[: piece.start()]
        return text

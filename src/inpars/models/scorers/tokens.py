"""From a query and a document to the tokens of one input, of which only the document is ever cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from inpars.errors import InparsError


class Tokens(NamedTuple):
    """One input of a model: token ids and, where the model has them, token types; int64, shape (length,)."""

    ids: np.ndarray
    types: np.ndarray | None = None


class PairTokens:
    """Joins a query's tokens and a document's, each tokenised once however many pairs they are in.

    With a `template` the two stand in its text, the cue after the document included. Without one
    they are the tokenizer's own pair of segments. The document is cut at its end so that the whole
    has at most `max_length` tokens. What lies around it never is: a query that leaves no room
    for a document is cut only where the model has no more positions (`positions`).
    """

    def __init__(
        self, tokenizer: Any, max_length: int, template: str | None = None, positions: int | None = None
    ) -> None:
        self.tokenizer, self.max_length, self.positions = tokenizer, max_length, positions
        self._around, self._types = (self._template_parts(template), None) if template else self._pair_parts()
        self.fixed = sum(map(len, self._around))

    def queries(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The tokens of each query, whole."""
        return self._tokenise([f"{self._space[0]}{text}" for text in texts], None)

    def documents(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The tokens of each document, as many as there may ever be room for."""
        return self._tokenise([f"{self._space[1]}{text}" for text in texts], self.max_length)

    def join(self, query: np.ndarray, document: np.ndarray) -> Tokens:
        """The input for one pair."""
        if self.positions is not None:
            query = query[: max(0, self.positions - self.fixed)]
        document = document[: max(0, self.max_length - self.fixed - len(query))]
        head, middle, tail = self._around
        parts = (head, query, middle, document, tail)
        ids = np.concatenate(parts)
        if self._types is None:
            return Tokens(ids)
        return Tokens(ids, np.repeat(self._types, [len(part) for part in parts]))

    def pairs(self, queries: Sequence[str], documents: Sequence[str]) -> list[Tokens]:
        """The inputs for pairs of texts, one for each place."""
        return [self.join(q, d) for q, d in zip(self.queries(queries), self.documents(documents), strict=True)]

    def _tokenise(self, texts: Sequence[str], limit: int | None) -> list[np.ndarray]:
        if not texts:
            return []
        found = self.tokenizer(
            list(texts),
            add_special_tokens=False,
            truncation=limit is not None,
            max_length=limit,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )["input_ids"]
        return [np.asarray(ids, dtype=np.int64) for ids in found]

    def _template_parts(self, template: str) -> list[np.ndarray]:
        head, rest = template.split("{query}", 1)
        middle, tail = rest.split("{document}", 1)
        # White space before a text belongs to the tokens of the text's first word.
        self._space = tuple(part[len(part.rstrip()) :] for part in (head, middle))
        before, after = self._specials()
        texts = [head.rstrip(), middle.rstrip(), tail]
        head_ids, middle_ids, tail_ids = (self._tokenise([t], None)[0] if t.strip() else before[:0] for t in texts)
        return [np.concatenate([before, head_ids]), middle_ids, np.concatenate([tail_ids, after])]

    def _specials(self) -> tuple[np.ndarray, np.ndarray]:
        inner = self._tokenise(["a"], None)[0]
        whole = np.asarray(self.tokenizer("a")["input_ids"], dtype=np.int64)
        start = _find(whole, inner, 0)
        return whole[:start], whole[start + len(inner) :]

    def _pair_parts(self) -> tuple[list[np.ndarray], list[int] | None]:
        self._space = ("", "")
        first, second = self._tokenise(["a b", "c d"], None)
        found = self.tokenizer("a b", "c d", return_token_type_ids="token_type_ids" in self.tokenizer.model_input_names)
        whole = np.asarray(found["input_ids"], dtype=np.int64)
        start = _find(whole, first, 0)
        again = _find(whole, second, start + len(first))
        end = again + len(second)
        parts = [whole[:start], whole[start + len(first) : again], whole[end:]]
        if "token_type_ids" not in found:
            return parts, None
        types = found["token_type_ids"]
        # Between the segments a separator may be of either's type; every one met so far is of the first's.
        return parts, [types[0], types[start], types[start + len(first)], types[again], types[-1]]


def _find(whole: np.ndarray, part: np.ndarray, start: int) -> int:
    for place in range(start, len(whole) - len(part) + 1):
        if np.array_equal(whole[place : place + len(part)], part):
            return place
    raise InparsError("the model's tokenizer does not join texts as it tokenises them one by one")

"""Pairs of texts as tensors, in chunks of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch

from inpars.models.engines.padding import padded
from inpars.models.scorers.pairs import batches
from inpars.models.scorers.tokens import PairTokens
from inpars.train.examples import Example

Chunk = tuple[list[int], dict[str, Any]]
"""Places of some pairs, and the model's input for them."""


class Inputs(Protocol):
    """Makes a model's inputs."""

    def length(self, example: Example) -> int:
        """How long an example is, in any unit."""
        ...

    def chunks(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Chunk]:
        """The inputs for pairs of query and passage, in as many parts as suits the device."""
        ...


class TokenInputs:
    """Inputs joined by `PairTokens`, which only ever cuts the document; each text is tokenised once."""

    def __init__(self, tokens: PairTokens, pad_id: int, device: Any) -> None:
        self.tokens, self.pad_id, self.device = tokens, pad_id, torch.device(device)
        # On a processor a small chunk costs nothing and saves padding; an accelerator wants large ones.
        self.budget = 8192 if self.device.type == "cpu" else 65536
        self._queries: dict[str, np.ndarray] = {}
        self._documents: dict[str, np.ndarray] = {}

    def length(self, example: Example) -> int:
        """Tokens of all the example's inputs together."""
        self._tokenise([(example.query, passage) for passage in example.passages])
        query, room = len(self._queries[example.query]), self.tokens.max_length - self.tokens.fixed
        return sum(min(room, query + len(self._documents[passage])) for passage in example.passages)

    def chunks(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Chunk]:
        """Chunks of like length, the longest first, padded to the longest of each."""
        self._tokenise(pairs)
        found = [self.tokens.join(self._queries[query], self._documents[passage]) for query, passage in pairs]
        for places in batches([len(tokens.ids) for tokens in found], self.budget):
            arrays = padded([found[place] for place in places], self.pad_id)
            yield places, {name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()}

    def _tokenise(self, pairs: Sequence[tuple[str, str]]) -> None:
        for known, texts, tokenise in (
            (self._queries, [query for query, _ in pairs], self.tokens.queries),
            (self._documents, [passage for _, passage in pairs], self.tokens.documents),
        ):
            new = [text for text in dict.fromkeys(texts) if text not in known]
            # int32 halves what is remembered; joining them makes int64 again.
            known.update(zip(new, (ids.astype(np.int32) for ids in tokenise(new)), strict=True))


class ModelInputs:
    """Inputs that a sentence-transformers model makes itself, all in one chunk."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def length(self, example: Example) -> int:
        """Characters of query and passages together."""
        return sum(len(example.query) + len(passage) for passage in example.passages)

    def chunks(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Chunk]:
        """One chunk."""
        from sentence_transformers.util import batch_to_device

        features = self.model.preprocess(list(pairs))
        yield list(range(len(pairs))), batch_to_device(features, self.model.device)

"""Scoring pairs: sorted by length, batched by tokens, put back in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from inpars.data.runs import Run
from inpars.models.engines import Engine
from inpars.models.engines.choose import Choice
from inpars.models.scorers.tokens import PairTokens, Tokens

_WINDOW = 16384
"""Pairs tokenised and sorted at a time: enough that batches are even, few enough that memory stays flat."""


class PairScorer:
    """A model that reads query and document together: tokens, an engine, and one score from its outputs."""

    first_is_relevant = False
    """Whether, of two outputs, it is the first that says relevant."""

    def __init__(self, tokens: PairTokens, engine: Engine | Choice, batch_tokens: int = 0) -> None:
        self.tokens, self._engine, self._batch_tokens = tokens, engine, batch_tokens

    @property
    def engine(self) -> Engine | None:
        """What multiplies; None before the first pairs are scored."""
        return None if isinstance(self._engine, Choice) else self._engine

    def score(
        self, queries: Mapping[str, str], documents: Mapping[str, str], candidates: Mapping[str, Sequence[str]]
    ) -> Run:
        """Score each query's candidate documents; higher is better, in fp32."""
        run: Run = {query_id: {} for query_id in queries}
        self._ready(sum(len(candidates.get(query_id, ())) for query_id in queries))
        pairs = ((query_id, doc_id) for query_id in queries for doc_id in candidates.get(query_id, ()))
        while window := list(islice(pairs, _WINDOW)):
            for (query_id, doc_id), score in zip(window, self._window(queries, documents, window), strict=True):
                run[query_id][doc_id] = score
        return run

    def _window(
        self, queries: Mapping[str, str], documents: Mapping[str, str], pairs: list[tuple[str, str]]
    ) -> list[float]:
        query_ids, doc_ids = (list(dict.fromkeys(ids)) for ids in zip(*pairs, strict=True))
        asked = dict(zip(query_ids, self.tokens.queries([queries[i] for i in query_ids]), strict=True))
        read = dict(zip(doc_ids, self.tokens.documents([documents[i] for i in doc_ids]), strict=True))
        scores: list[float] = self.score_tokens([self.tokens.join(asked[q], read[d]) for q, d in pairs]).tolist()
        return scores

    def score_tokens(self, inputs: Sequence[Tokens]) -> np.ndarray:
        """One score for each input, float32, in the order given."""
        engine = self._ready(len(inputs))
        scores = np.empty(len(inputs), dtype=np.float32)
        for places in batches([len(tokens.ids) for tokens in inputs], self._batch_tokens or engine.tokens):
            scores[places] = one_score(engine.run([inputs[place] for place in places]))
        return -scores if self.first_is_relevant else scores

    def _ready(self, pairs: int) -> Engine:
        if isinstance(self._engine, Choice):
            self._engine = self._engine.engine(pairs)
        return self._engine


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Places of inputs of like length, the longest first, each batch within `budget` tokens when padded.

    Equal lengths stay in order, and an input longer than the budget has a batch of its own.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def one_score(outputs: np.ndarray) -> np.ndarray:
    """A model's outputs as scores: the one output, or how far the second of two (relevant) lies above the first."""
    score: np.ndarray = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
    return score

"""What the retrievers find for each query, several merged into one ranking."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from inpars.data.corpora import Corpus
from inpars.data.records import Query
from inpars.data.runs import ranked
from inpars.models.locate import model_fingerprint
from inpars.negatives.config import BM25, NegativesConfig
from inpars.retrieve import Retriever, open_retriever

RANK_CONSTANT = 60
"""What is added to each rank in reciprocal rank fusion, as its authors do."""


class Candidate(NamedTuple):
    """A document that may become a negative: its rank from 1 and its score; 0 and 0 where it was not retrieved."""

    doc_id: str
    rank: int
    score: float


class Pool(NamedTuple):
    """What was retrieved for one query, best first, and how many of the best are left out."""

    doc_ids: tuple[str, ...]
    scores: array[float]
    skip: int

    def __len__(self) -> int:
        return max(0, len(self.doc_ids) - self.skip)

    def candidate(self, place: int) -> Candidate:
        """The candidate at `place`, counted from 0 after those left out."""
        place += self.skip
        return Candidate(self.doc_ids[place], place + 1, self.scores[place])

    def find(self, doc_id: str) -> Candidate:
        """A document with its rank and score, those left out included."""
        if doc_id not in self.doc_ids:
            return Candidate(doc_id, 0, 0.0)
        place = self.doc_ids.index(doc_id)
        return Candidate(doc_id, place + 1, self.scores[place])


class Candidates:
    """The retrievers over one corpus."""

    def __init__(self, corpus: Corpus, config: NegativesConfig, folder: Path) -> None:
        """Open them all. Their indexes are kept in `config.index`, else in `folder`."""
        self._top_k, self._skip = config.top_k, config.skip_top
        folder = config.index or folder
        # A bi-encoder's scores in int8 need an engine that encoding has none of.
        precision = "auto" if config.scoring.precision == "int8" else config.scoring.precision
        update = {"family": "bi-encoder", "precision": precision, **config.of_retriever().model_dump()}
        scoring = config.scoring.model_copy(update=update)
        self.retrievers: list[Retriever] = []
        for name in config.retriever:
            # One bi-encoder shares the folder with other commands; of several each needs its own.
            own = name != BM25 and len(config.dense) > 1
            home = folder / model_fingerprint(name)[:16] if own else folder
            self.retrievers.append(open_retriever(corpus, config.retrieval(name), home, scoring))

    def pools(self, queries: Iterable[str]) -> Iterator[Pool]:
        """The pool of each query's text, in order: the retriever's top k, or the union of several's, merged.

        One retriever's scores are its own; merged ones are sums of reciprocal ranks.
        """
        asked = [Query(str(number), text) for number, text in enumerate(queries)]
        streams = [retriever.search_each(asked, self._top_k) for retriever in self.retrievers]
        for found in zip(*streams, strict=True):
            rankings = [documents for _, documents in found]
            # What a retriever finds is in order already.
            documents = rankings[0] if len(rankings) == 1 else merged(rankings)
            yield Pool(tuple(documents), array("d", documents.values()), self._skip)


def merged(rankings: Sequence[Iterable[str]]) -> dict[str, float]:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): every document that some ranking has, best first.

    A score is the sum of `1 / (60 + rank)` over the rankings. Only ranks count, since the scores of
    different retrievers have no scale in common. Ties are broken as in any run.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, doc_id in enumerate(ranking, start=1):
            scores[doc_id] += 1 / (RANK_CONSTANT + rank)
    return dict(ranked(scores))

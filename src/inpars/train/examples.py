"""Training examples: a query, its positive and some of its negatives, drawn anew in each epoch."""

from __future__ import annotations

import math
from typing import NamedTuple

from inpars.data.corpora import Corpus
from inpars.data.records import Triple
from inpars.data.seeds import generator
from inpars.errors import InparsError, OptionError
from inpars.train.config import TrainConfig


class Example(NamedTuple):
    """One training example as texts; every example of a training set has the same number of negatives."""

    query: str
    positive: str
    negatives: tuple[str, ...]
    teacher: tuple[float, ...] = ()
    """A teacher's scores of the positive and of each negative; empty where there is none."""

    @property
    def passages(self) -> tuple[str, ...]:
        """The positive, then the negatives."""
        return (self.positive, *self.negatives)


class Examples:
    """The queries to train on: `max_examples` of the triples, drawn by seed; texts are read as they are needed.

    Rows that share query and positive are one example with the negatives of all, so that none counts
    for more than another. One with fewer negatives than are to be shown repeats its own, so that
    batches are even.
    """

    def __init__(self, triples: list[Triple], corpus: Corpus, config: TrainConfig) -> None:
        self.corpus, self.seed = corpus, config.seed
        self.given = triples
        """All that there were, those that are not trained on included."""
        self.triples = _sampled(_merged(triples), config)
        self._check(config)
        available = max(len(triple.negative_ids) for triple in self.triples)
        self.negatives = config.negatives_per_query or available
        """Negatives of each example."""
        self._texts: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.triples)

    def draw(self, place: int, epoch: int) -> Example:
        """The example at `place` with the negatives that it has in this epoch."""
        triple = self.triples[place]
        chosen = self._chosen(triple, epoch)
        scores = triple.teacher_scores
        return Example(
            triple.query,
            triple.positive_text or self.text(triple.positive_id),
            tuple(self.text(triple.negative_ids[i]) for i in chosen),
            (scores[0], *(scores[1 + i] for i in chosen)) if scores else (),
        )

    def ids(self, place: int, epoch: int) -> tuple[str, list[str]]:
        """The query of the example that `draw` gives, and the ids of its passages in their order."""
        triple = self.triples[place]
        return triple.query, [triple.positive_id, *(triple.negative_ids[i] for i in self._chosen(triple, epoch))]

    def _chosen(self, triple: Triple, epoch: int) -> list[int]:
        available = len(triple.negative_ids)
        if available <= self.negatives:
            repeats = math.ceil(self.negatives / available) if available else 0
            return (list(range(available)) * repeats)[: self.negatives]
        rng = generator(self.seed, "negatives", str(epoch), triple.query_id, triple.positive_id)
        return sorted(int(i) for i in rng.choice(available, size=self.negatives, replace=False))

    def text(self, doc_id: str) -> str:
        """A document's text in the corpus, read once."""
        if doc_id not in self._texts:
            self._texts[doc_id] = self.corpus[doc_id].contents
        return self._texts[doc_id]

    def _check(self, config: TrainConfig) -> None:
        bare = [triple for triple in self.triples if not triple.negative_ids]
        if bare and (config.loss != "in-batch" or len(bare) < len(self.triples)):
            raise InparsError(
                f"query {bare[0].query_id} has no negatives",
                hint="mine some first (inpars negatives), or leave such queries out",
            )
        if not config.distils:
            return
        for triple in self.triples:
            if len(triple.teacher_scores) != 1 + len(triple.negative_ids):
                raise OptionError(
                    f"the loss {config.loss} learns from a teacher's scores, and query {triple.query_id} has "
                    f"{len(triple.teacher_scores)} of them for {1 + len(triple.negative_ids)} passages",
                    hint="write them into the triples: teacher_scores, the positive's first and then each negative's; "
                    "or choose the loss pointwise or softmax",
                )


def _merged(triples: list[Triple]) -> list[Triple]:
    """One triple for each query and positive, in order of their first row."""
    found: dict[tuple[str, str], Triple] = {}
    for triple in triples:
        first = found.setdefault((triple.query_id, triple.positive_id), triple)
        if first is not triple:
            found[triple.query_id, triple.positive_id] = Triple(
                first.query_id,
                first.query,
                first.positive_id,
                first.negative_ids + triple.negative_ids,
                first.scores + triple.scores,
                first.positive_text,
                first.teacher_scores + triple.teacher_scores[1:],
            )
    return list(found.values())


def _sampled(triples: list[Triple], config: TrainConfig) -> list[Triple]:
    if not config.max_examples or len(triples) <= config.max_examples:
        return triples
    rng = generator(config.seed, "examples")
    drawn = sorted(int(i) for i in rng.choice(len(triples), size=config.max_examples, replace=False))
    return [triples[place] for place in drawn]


def total_steps(n_examples: int, config: TrainConfig) -> int:
    """Optimiser steps of the whole training, at least one."""
    by_epochs = max(1, round(config.epochs * n_examples / config.batch_size)) if config.epochs else config.max_steps
    return min(by_epochs, config.max_steps) if config.max_steps else by_epochs

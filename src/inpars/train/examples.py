"""Triples as texts, and how many steps they make."""

from __future__ import annotations

import math
from typing import NamedTuple

from inpars.data.corpora import Corpus
from inpars.data.records import Triple
from inpars.data.seeds import generator
from inpars.train.config import TrainConfig


class Example(NamedTuple):
    """One training example as texts; every example of a training set has the same number of negatives."""

    query: str
    positive: str
    negatives: tuple[str, ...]


def examples(triples: list[Triple], corpus: Corpus, config: TrainConfig) -> list[Example]:
    """The texts to train on: `max_examples` of the triples, drawn by seed.

    Triples with fewer negatives than the most any has repeat theirs, so that batches are even.
    """
    if config.max_examples and len(triples) > config.max_examples:
        rng = generator(config.seed, "examples")
        drawn = sorted(int(i) for i in rng.choice(len(triples), size=config.max_examples, replace=False))
        triples = [triples[place] for place in drawn]
    width = max(len(triple.negative_ids) for triple in triples)
    found = []
    for triple in triples:
        repeats = math.ceil(width / len(triple.negative_ids))
        negative_ids = (triple.negative_ids * repeats)[:width]
        positive = triple.positive_text or corpus[triple.positive_id].contents
        found.append(Example(triple.query, positive, tuple(corpus[doc_id].contents for doc_id in negative_ids)))
    return found


def total_steps(n_examples: int, config: TrainConfig) -> int:
    """Optimiser steps of the whole training, at least one."""
    by_epochs = max(1, round(config.epochs * n_examples / config.batch_size))
    return min(by_epochs, config.max_steps) if config.max_steps else by_epochs

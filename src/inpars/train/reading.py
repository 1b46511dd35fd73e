"""What a model can be trained on: triples, or synthetic queries, which have no negatives of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Literal

from inpars.data.corpora import Corpus
from inpars.data.files import read_jsonl
from inpars.data.queries import read_queries, read_synthetic_queries
from inpars.data.records import SyntheticQuery, Triple
from inpars.data.sources import source_of, standing_in
from inpars.data.triples import is_of_ids, read_triples
from inpars.errors import OptionError
from inpars.train.config import TrainConfig

Kind = Literal["triples", "queries"]


def kind_of(path: str | Path) -> Kind:
    """What a file holds, by the fields of its first row; a file of neither is taken for triples."""
    path = Path(path)
    if is_of_ids(path):
        return "triples"
    _, first = next(chain(read_jsonl(path), [(0, {})]))
    return "queries" if "doc_id" in first and "positive_id" not in first else "triples"


def check_loss(path: str | Path, kind: Kind, config: TrainConfig) -> None:
    """`OptionError` where queries without negatives are to be learnt from by a loss that needs some."""
    if kind == "queries" and config.loss != "in-batch":
        raise OptionError(
            f"the loss {config.loss} learns from negatives, and {path} holds queries without any",
            hint="mine some first (inpars negatives), or train a bi-encoder by the loss in-batch",
        )


def texts_of(queries: str | Path | None) -> dict[str, str] | None:
    """The texts of queries by id, for triples that name them by id alone; None where no file is given."""
    return None if queries is None else {query.query_id: query.text for query in read_queries(queries)}


def read_examples(path: str | Path, corpus: Corpus, queries: Mapping[str, str] | None = None) -> Iterator[Triple]:
    """Stream a file of triples, or of synthetic queries as triples without negatives.

    `queries` has the texts of those that triples name by id alone. `InparsError` for a query whose document the
    corpus lacks.
    """
    if kind_of(path) == "triples":
        yield from read_triples(path, queries)
    else:
        yield from (_triple(query, corpus) for query in read_synthetic_queries(path))


def _triple(query: SyntheticQuery, corpus: Corpus) -> Triple:
    text = standing_in(query, source_of(query, corpus))
    return Triple(query.query_id, query.query, query.doc_id, [], positive_text=text)

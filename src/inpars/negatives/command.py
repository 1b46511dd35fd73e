"""`inpars negatives`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inpars.negatives import mine_negatives
from inpars.negatives.config import NegativesConfig

_DEFAULTS = NegativesConfig()


def negatives(
    queries: Path,
    *,
    corpus: str,
    output: Path,
    qrels: Path | None = None,
    options: Annotated[NegativesConfig, Parameter(name="*")] = _DEFAULTS,
) -> None:
    """Mine hard negatives for each query.

    Parameters
    ----------
    queries
        JSONL file of generated queries.
    corpus
        The corpus that the queries were generated from.
    output
        JSONL file for the triples.
    qrels
        Judgments for these queries, if there are any: what they call relevant never becomes a negative.
    """
    mine_negatives(queries, corpus, output, qrels=qrels, **options.model_dump())

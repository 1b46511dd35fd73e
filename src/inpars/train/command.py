"""`inpars train`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inpars.train import train as stage
from inpars.train.config import TrainConfig

_DEFAULTS = TrainConfig()


def train(
    triples: Path,
    *,
    corpus: str,
    output: Path,
    queries: Path | None = None,
    options: Annotated[TrainConfig, Parameter(name="*")] = _DEFAULTS,
) -> None:
    """Fine-tune a model on triples, or a bi-encoder on queries alone.

    Parameters
    ----------
    triples
        JSONL file of triples, or of synthetic queries: these suffice for the loss in-batch. MS MARCO's triples of
        ids and hard negatives, and Tevatron's JSONL, are read too.
    corpus
        The corpus that their documents are in.
    output
        Folder for the model.
    queries
        The texts of queries that the triples name by id alone.
    """
    stage(triples, corpus, output, queries=queries, **options.model_dump())

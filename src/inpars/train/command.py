"""`inpars train`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inpars.train import train as stage
from inpars.train.config import TrainConfig

_DEFAULTS = TrainConfig()


def train(
    triples: Path, *, corpus: str, output: Path, options: Annotated[TrainConfig, Parameter(name="*")] = _DEFAULTS
) -> None:
    """Fine-tune a model on triples, or a bi-encoder on queries alone.

    Parameters
    ----------
    triples
        JSONL file of triples, or of synthetic queries: these suffice for the loss in-batch.
    corpus
        The corpus that their documents are in.
    output
        Folder for the model.
    """
    stage(triples, corpus, output, **options.model_dump())

"""`inpars generate`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inpars.generate import generate as stage
from inpars.generate.config import GenerateConfig

_DEFAULTS = GenerateConfig()


def generate(corpus: str, *, output: Path, options: Annotated[GenerateConfig, Parameter(name="*")] = _DEFAULTS) -> None:
    """Write queries for documents.

    Parameters
    ----------
    corpus
        A BEIR folder, a .jsonl/.csv/.tsv/.parquet file, ir_datasets:ID, hf:ID or python-docs.
    output
        JSONL file for the queries.
    """
    stage(corpus, output, **options.model_dump())

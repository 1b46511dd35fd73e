"""`inpars generate`, and `inpars plan` for what it will take."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from inpars.generate import generate as stage
from inpars.generate.config import GenerateConfig
from inpars.generate.plan import plan as estimate
from inpars.generate.plan import told

_DEFAULTS = GenerateConfig()
_Corpus = Annotated[
    str,
    Parameter(help="A folder (BEIR or texts), a .jsonl/.csv/.tsv/.parquet file, ir_datasets:ID, hf:ID or python-docs."),
]
_Options = Annotated[GenerateConfig, Parameter(name="*")]


def generate(corpus: _Corpus, *, output: Path, options: _Options = _DEFAULTS) -> None:
    """Write queries for documents.

    Parameters
    ----------
    output
        JSONL file for the queries.
    """
    stage(corpus, output, **options.model_dump())


def plan(corpus: _Corpus, *, sample: int = 200, probe: int | None = None, options: _Options = _DEFAULTS) -> None:
    """Say what `generate` with the same options will take: tokens, requests, money or time, disk.

    Parameters
    ----------
    sample
        Documents whose prompts are counted.
    probe
        Documents that are really asked; by default 16 on this machine, none where answers may cost money.
    """
    table = Table(show_header=False, box=None)
    for row in told(estimate(corpus, sample=sample, probe=probe, **options.model_dump())):
        table.add_row(*row)
    Console(highlight=False).print(table)

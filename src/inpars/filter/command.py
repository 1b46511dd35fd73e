"""`inpars filter`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from inpars.errors import NothingProduced
from inpars.filter import filter as stage
from inpars.filter.config import FilterConfig
from inpars.filter.explain import explanation

_DEFAULTS = FilterConfig()


def filter(
    queries: Path,
    *,
    output: Path,
    corpus: str | None = None,
    explain: Annotated[bool, Parameter(negative=())] = False,
    options: Annotated[FilterConfig, Parameter(name="*")] = _DEFAULTS,
) -> None:
    """Keep the queries that are worth training on; the others go to OUTPUT's .dropped.jsonl with the reason.

    Parameters
    ----------
    queries
        JSONL file of generated queries.
    output
        JSONL file for those that are kept.
    corpus
        What the queries were generated from, for the methods that read documents.
    explain
        Show how many queries each method took out, with examples.
    """
    try:
        stage(queries, output, corpus=corpus, **options.model_dump())
    except NothingProduced:
        if explain:
            Console(highlight=False).print(explanation(output))
        raise
    if explain:
        Console(highlight=False).print(explanation(output))

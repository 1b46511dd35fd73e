"""`inpars filter`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inpars.filter import filter as stage
from inpars.filter.config import FilterConfig

_DEFAULTS = FilterConfig()


def filter(queries: Path, *, output: Path, options: Annotated[FilterConfig, Parameter(name="*")] = _DEFAULTS) -> None:
    """Keep the queries that are worth training on; the others go to OUTPUT's .dropped.jsonl with the reason.

    Parameters
    ----------
    queries
        JSONL file of generated queries.
    output
        JSONL file for those that are kept.
    """
    stage(queries, output, **options.model_dump())

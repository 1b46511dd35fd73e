"""`inpars rerank`, `inpars search` and `inpars fuse`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inpars.rerank import fuse as fusion
from inpars.rerank import rerank as stage
from inpars.rerank import search as first_stage
from inpars.rerank.config import FuseConfig, RerankConfig, SearchConfig

_DEFAULTS = RerankConfig()
_SEARCH_DEFAULTS = SearchConfig()
_FUSE_DEFAULTS = FuseConfig()


def rerank(
    queries: Path,
    *,
    corpus: str,
    model: str,
    output: Path,
    run: Path | None = None,
    held_out: Path | None = None,
    options: Annotated[RerankConfig, Parameter(name="*")] = _DEFAULTS,
) -> None:
    """Rerank a first stage with a model, and fuse the two.

    Parameters
    ----------
    queries
        Queries: .jsonl, .csv, .tsv, .parquet, .json, an id and a query in each line, or TREC topics
        (topics.xml?text=question chooses another field); or one file of question, document and grade.
    corpus
        The corpus to search.
    model
        A model's folder, or its name on the hub.
    output
        TREC run for the reranked documents; the fused run goes to OUTPUT with _fused before its suffix.
    run
        First-stage run to rerank, in any form that evaluate takes; without it the corpus is searched.
    held_out
        Folder of held-out queries to choose the fusion's weight on; by default the model's own.
    """
    stage(corpus, queries, output, model=model, run=run, held_out=held_out, **options.model_dump())


def search(
    queries: Path,
    *,
    corpus: str,
    output: Path,
    options: Annotated[SearchConfig, Parameter(name="*")] = _SEARCH_DEFAULTS,
) -> None:
    """Search a corpus: the first stage alone.

    Parameters
    ----------
    queries
        Queries: .jsonl, .csv, .tsv, .parquet, .json, an id and a query in each line, or TREC topics
        (topics.xml?text=question chooses another field); or one file of question, document and grade.
    corpus
        The corpus to search.
    output
        TREC run for the documents found.
    """
    first_stage(corpus, queries, output, **options.model_dump())


def fuse(
    runs: list[Path],
    *,
    output: Path,
    options: Annotated[FuseConfig, Parameter(name="*")] = _FUSE_DEFAULTS,
) -> None:
    """Fuse runs of the same queries into one.

    Parameters
    ----------
    runs
        Runs of any systems, in any form that evaluate takes.
    output
        TREC run of the documents of all of them, by the weighted sum of their standardised scores.
    """
    fusion(runs, output, **options.model_dump())

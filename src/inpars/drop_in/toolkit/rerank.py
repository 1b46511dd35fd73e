"""The toolkit's `rerank`: a first stage's documents in the order of a model's scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from inpars.data.corpora import open_corpus
from inpars.data.queries import read_queries
from inpars.drop_in.outputs import check_places
from inpars.drop_in.toolkit.datasets import Source, open_documents, open_tests
from inpars.drop_in.toolkit.flags import BATCHES, DATASET, DEVICE, SCHEME, SOURCE, Flags
from inpars.drop_in.toolkit.models import scheme_for
from inpars.drop_in.toolkit.runs import append_rest, cleared_run, given_run, published_run, searched_run
from inpars.errors import OptionError
from inpars.models.scorers.options import SchemeName
from inpars.rerank import rerank


class RerankFlags(Flags):
    """Flags of the toolkit's `rerank`."""

    idle: ClassVar[Mapping[str, str]] = {"batch_size": BATCHES}

    output_run: Path = Field(description="TREC run for the reranked documents.")
    model: str = Field("castorini/monot5-small-msmarco-100k", description="Reranker: a folder or a hub id.")
    input_run: str | None = Field(
        None, description="TREC run to rerank, or a BEIR name for its published one; by default the dataset's BM25."
    )
    dataset: str | None = Field(None, description=DATASET)
    dataset_source: Source = Field("ir_datasets", description=SOURCE)
    corpus: str | None = Field(None, description="Corpus file, in place of the dataset's documents.")
    queries: Path | None = Field(None, description="File of queries, in place of the dataset's.")
    scheme: SchemeName | None = Field(None, description=SCHEME)
    device: str | None = Field(None, description=DEVICE)
    fp16: bool = Field(False, description="Score in fp16; without it bf16 or fp32, whichever the processor is good at.")
    torch_compile: bool = Field(False, description="Compile the model.")
    batch_size: int = Field(16, ge=1, description="")
    top_k: int = Field(1000, ge=1, description="Documents reranked for each query; the others keep their order below.")


FLAGS = RerankFlags


def run(flags: RerankFlags) -> None:
    """Write `--output_run`; a first stage that was searched for it lies beside it."""
    dataset = flags.dataset or flags.corpus
    if dataset is None or (flags.dataset is None and flags.queries is None):
        raise OptionError("rerank needs documents and queries", hint="give --dataset, or --corpus and --queries")
    output = flags.output_run
    beside, cleared = (output.parent / f"{output.stem}.{part}.trec" for part in ("bm25", "cleared"))
    given = given_run(flags.input_run) if flags.input_run is not None else None
    written = (output, cleared) if given else (output, cleared, beside)
    check_places((flags.dataset, flags.corpus, flags.queries, given), *written)
    # A missing model is reported before a search that may take long.
    options = stage_options(flags)
    corpus = open_corpus(flags.corpus) if flags.corpus else open_documents(dataset, flags.dataset_source)
    queries = read_queries(flags.queries) if flags.queries else open_tests(dataset, flags.dataset_source).queries
    whole = flags.corpus is None and flags.queries is None
    first = given or (published_run("rerank", dataset) if whole else None)
    first = first or searched_run("rerank", dataset, corpus, queries, beside, flags.top_k)
    first = cleared_run("rerank", dataset, first, cleared)
    rerank(corpus, queries, output, model=flags.model, run=first, **options)
    append_rest(output, first, flags.top_k)


def stage_options(flags: RerankFlags) -> dict[str, Any]:
    """The flags as options of our rerank stage."""
    return {
        "top_k": flags.top_k,
        "fusion": "none",
        "scheme": scheme_for("rerank", flags.model, flags.scheme),
        "precision": "fp16" if flags.fp16 else "auto",
        # Only plain torch compiles.
        "engine": "eager" if flags.torch_compile else "auto",
        "compile": flags.torch_compile,
        "device": flags.device,
    }

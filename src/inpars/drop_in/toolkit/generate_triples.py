"""The toolkit's `generate_triples`: a TSV of query, positive and negative, the negatives drawn from BM25's hits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.lock import locks_released
from inpars.data.triples import export_texts, read_triples
from inpars.drop_in.outputs import check_places
from inpars.drop_in.toolkit.datasets import Source, open_documents
from inpars.drop_in.toolkit.flags import DATASET, SOURCE, Flags
from inpars.negatives import mine_negatives
from inpars.options import Options
from inpars.progress import say


class TriplesFlags(Flags):
    """Flags of the toolkit's `generate_triples`."""

    idle: ClassVar[Mapping[str, str]] = {
        "index": "hits come from a BM25 index of the dataset itself, built here, never from another collection's",
        "batch_size": "queries are searched in units of a thousand, so that a killed run loses one at most",
        "threads": "BM25 takes the processors there are",
    }

    input: Path = Field(description="JSONL file of synthetic queries.")
    output: Path = Field(description="TSV file for the triples as texts; by id they go to OUTPUT's .ids.jsonl.")
    dataset: str = Field(description=DATASET)
    dataset_source: Source = Field("ir_datasets", description=SOURCE)
    index: str = Field("msmarco-passage", description="")
    max_hits: int = Field(1000, ge=1, description="Hits of each query that negatives are drawn from.")
    n_samples: int = Field(100, ge=1, description="Negatives of each query, never its positive among them.")
    batch_size: int = Field(32, ge=1, description="")
    threads: int = Field(12, ge=1, description="")
    seed: int = Field(1, description="Seed of the draw.")


FLAGS = TriplesFlags


@locks_released()
def run(flags: TriplesFlags) -> None:
    """Mine by id, then write the texts out."""
    beside = flags.output.parent / f"{flags.output.stem}.ids.jsonl"
    check_places((flags.input, flags.dataset), flags.output, beside)
    corpus = open_documents(flags.dataset, flags.dataset_source)
    by_id = mine_negatives(flags.input, corpus, beside, **stage_options(flags))
    inputs = {"triples": fingerprint_of(by_id), "corpus": corpus.fingerprint()}
    artifact = Artifact(flags.output, "generate_triples", Options(), inputs)
    if artifact.is_current():
        return
    artifact.begin()
    rows = export_texts(flags.output, read_triples(by_id), corpus, quoted=True)
    artifact.finish(rows=rows)
    say(f"generate_triples: {rows:,} rows -> {flags.output}, by id in {by_id}")


def stage_options(flags: TriplesFlags) -> dict[str, Any]:
    """The flags as options of our negatives stage."""
    return {
        "retriever": ("bm25",),
        "top_k": flags.max_hits,
        "negatives_per_query": flags.n_samples,
        "sample": "random",
        "seed": flags.seed,
    }

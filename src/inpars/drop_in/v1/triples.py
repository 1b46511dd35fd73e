"""`inpars v1 triples`: each question with its document and one that BM25 found, by text and by id."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from inpars.data.corpora import open_corpus
from inpars.data.triples import export_ids, export_texts, read_triples
from inpars.drop_in.outputs import check_places
from inpars.negatives import mine_negatives
from inpars.options import Options
from inpars.progress import say


class TriplesFlags(Options):
    """Flags of generate_triples_train.py."""

    input: Path = Field(description="JSONL file of questions.")
    output: Path = Field(description="TSV file for the triples as texts; by id, with scores, in OUTPUT's .ids.jsonl.")
    output_ids: Path = Field(description="TSV file for the triples as ids.")
    corpus: str = Field(description="Documents: v1's TSV (id, text), or any corpus of ours.")
    index: str = Field("", description="Not needed any more: the index is made from the corpus.")
    max_hits: int = Field(1000, ge=1, description="How deep BM25's candidates go.")
    n_samples: int = Field(100, ge=1, description="Negatives of each question.")
    seed: int = Field(1, description="Seed of the draw.")


def run(flags: TriplesFlags) -> Path:
    """Mine negatives and write them both ways; returns the file of texts.

    A query id is the hash of the question and its document, where v1 had the number of its line.
    `OptionError` where an output is the input.
    """
    by_id = flags.output.parent / f"{flags.output.stem}.ids.jsonl"
    check_places((flags.input, flags.corpus), flags.output, flags.output_ids, by_id)
    if flags.index:
        say(f"v1 triples: --index {flags.index} is not needed: BM25 searches {flags.corpus} itself")
    corpus = open_corpus(flags.corpus)
    mined = mine_negatives(
        flags.input,
        corpus,
        by_id,
        retriever="bm25",
        sample="random",
        top_k=flags.max_hits,
        negatives_per_query=flags.n_samples,
        seed=flags.seed,
    )
    rows = export_texts(flags.output, read_triples(mined), corpus)
    export_ids(flags.output_ids, read_triples(mined))
    say(f"v1 triples: {rows:,} rows -> {flags.output} and {flags.output_ids}")
    return flags.output

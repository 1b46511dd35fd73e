"""`inpars v1 train`: monoT5 on triples, evaluated as it trains on a run that it reranks."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

from pydantic import Field

from inpars.data.files import atomic_write, read_json
from inpars.data.measures import parse_measures
from inpars.drop_in.v1.examples import training_data
from inpars.drop_in.v1.watching import watched_files
from inpars.options import Options
from inpars.progress import say
from inpars.train import check_output, train

_COLUMNS = {
    "recip_rank": "RR(rel={rel})",
    "map": "AP(rel={rel})",
    "ndcg_cut_10": "nDCG@10",
    "ndcg_cut_20": "nDCG@20",
    "P_20": "P(rel={rel})@20",
    "P_30": "P(rel={rel})@30",
    "MRR@10": "RR(rel={rel})@10",
}
"""Columns of results.csv, and the measure in each: trec_eval's names for what it computes with `-l rel`."""


_CHOSEN = "weights are chosen on held-out synthetic ones"


class TrainFlags(Options):
    """Flags of train_t5.py."""

    output_dir: Path = Field(description="Folder for results.csv; the model and its checkpoints go to model/ in it.")
    base_model: str = Field("t5-base", description="Model to start from: a path or a hub id. Asked as monoT5 is.")
    corpus: str = Field("./collection.tsv", description="Documents: v1's TSV (id, text), or any corpus of ours.")
    triples_train: Path = Field(Path("./triples.train.tsv"), description="Triples: TSV of texts or ids, or our JSONL.")
    synthetic_queries: Path | None = Field(
        None, description="For triples of ids: the JSONL file of questions that they were made from."
    )
    queries: Path | None = Field(None, description="Queries to evaluate on: TSV (id, text).")
    qrels: Path | None = Field(None, description="Their judgments, TREC or BEIR.")
    run: Path | None = Field(None, description="The first stage's run for them: TREC, or query, document, rank.")
    relevance_threshold: int = Field(1, ge=1, description="Grade from which a document is relevant, as trec_eval's -l.")
    max_eval_queries: int = Field(-1, ge=-1, description="Evaluate on so many queries, the first; -1 means all.")
    max_eval_docs_per_query: int = Field(100, ge=1, description="Documents reranked for each of them.")
    save_every_n_steps: int = Field(100, ge=1, description="Keep a checkpoint every so many steps.")
    eval_steps: int = Field(100, ge=1, description="Evaluate every so many steps.")
    logging_steps: int = Field(10, ge=1, description="Note the loss every so many steps.")
    per_device_train_batch_size: int = Field(8, ge=1, description="Passages in one forward pass.")
    gradient_accumulation_steps: int = Field(16, ge=1, description="Forward passes in one step.")
    per_device_eval_batch_size: int = Field(16, ge=1, description="Not needed any more: batches are cut by tokens.")
    learning_rate: float = Field(3e-4, ge=0, description="Learning rate, constant.")
    epochs: float = Field(1.0, gt=0, description="Passes over the questions, each with one of its negatives.")
    held_out_queries: int | None = Field(
        None,
        ge=0,
        description="Training questions held out, by which best is chosen; by default 120 for best, and none for last.",
    )
    keep: Literal["last", "best"] = Field(
        "last",
        description="last: the last step's weights, as v1 kept them; best: those that rank held-out questions best, "
        "the untouched base's among them.",
    )
    device: str | None = Field(None, description="Where to train: cpu, cuda, cuda:1 …; by default the best there is.")

    def held_out(self) -> int:
        """How many questions are held out: as v1 trained on all of them, none but where weights are chosen by some."""
        if self.held_out_queries is not None:
            return self.held_out_queries
        return 120 if self.keep == "best" else 0


def run(flags: TrainFlags) -> Path:
    """Train and write results.csv; returns the model's folder.

    v1 made a folder named for the time in `output_dir`, which may have other things in it: ours is
    `model`, so that a second call takes up the first. A step has as many passages as v1's, in pairs:
    half of them are questions' documents, half negatives.
    """
    model = flags.output_dir / "model"
    check_output(model)
    if "per_device_eval_batch_size" in flags.model_fields_set:
        say("v1 train: --per_device_eval_batch_size is not needed: batches are cut by tokens")
    work = flags.output_dir / ".v1"
    watched = watched_files(
        flags.queries, flags.qrels, flags.run, flags.max_eval_queries, flags.max_eval_docs_per_query, work
    )
    triples, corpus = training_data(flags.triples_train, flags.corpus, flags.synthetic_queries, watched, work)
    measures = {column: name.format(rel=flags.relevance_threshold) for column, name in _COLUMNS.items()}
    if watched is not None:
        kept = "the last step's weights are kept" if flags.keep == "last" else _CHOSEN
        say(f"v1 train: the judged queries are only watched; {kept}")
    micro = max(1, flags.per_device_train_batch_size // 2)
    output = train(
        triples,
        corpus,
        model,
        family="seq2seq",
        base_model=flags.base_model,
        scheme="monot5",
        loss="pointwise",
        negatives_per_query=1,
        epochs=flags.epochs,
        max_steps=0,
        batch_size=max(1, flags.per_device_train_batch_size * flags.gradient_accumulation_steps // 2),
        micro_batch_size=micro,
        learning_rate=flags.learning_rate,
        scheduler="constant",
        warmup=0.0,
        weight_decay=5e-5,
        dropout=0.1,
        base_shares=(0.0,),
        keep=flags.keep,
        max_length=512,
        seed=2,
        eval_every=flags.eval_steps,
        keep_every=flags.save_every_n_steps,
        held_out_queries=flags.held_out(),
        arguments={"logging_steps": flags.logging_steps},
        device=flags.device,
        **({} if watched is None else watched.options() | {"monitor_measures": tuple(measures.values())}),
    )
    if watched is not None:
        _write_results(output, flags.output_dir / "results.csv", measures)
    return output


def _write_results(model: Path, path: Path, measures: dict[str, str]) -> None:
    """A row for each evaluation, the one before the first step included."""
    names = {column: f"monitor {parse_measures([name])[0]}" for column, name in measures.items()}
    rows = [row for row in read_json(model / "learning_curve.json") if names["map"] in row]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["step", *measures])
    table.writerows([row["step"], *(row[names[column]] for column in measures)] for row in rows)
    with atomic_write(path) as stream:
        stream.write(text.getvalue().encode())

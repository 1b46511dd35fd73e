"""`inpars reproduce`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inpars.pipeline.dry_run import dry_run as foretold
from inpars.pipeline.reproduce import reproduce as carry_out


def reproduce(
    method: str,
    *,
    dataset: str,
    output: Path | None = None,
    corpus: str | None = None,
    queries: Path | None = None,
    qrels: Path | None = None,
    published_queries: bool = False,
    dry_run: bool = False,
    set: list[str] | None = None,
    replace: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Carry out a published experiment, and set our figures beside those that its authors report.

    Parameters
    ----------
    method
        inpars-v1, inpars-v2, promptagator, inpars-light or gpl.
    dataset
        A dataset of BEIR, as its authors or the papers spell it.
    output
        Folder for the run; by default METHOD-DATASET.
    corpus
        A local copy of the dataset (a BEIR folder); by default it comes from the ir_datasets catalogue.
    queries
        Test queries, where the copy does not bring them.
    qrels
        Judgments for them.
    published_queries
        Start from the queries that the authors published (InPars v1 and v2), without generating any.
    dry_run
        Only say what it would take.
    set
        An option of a step, as in --set generate.model=MODEL; may be given several times.
    replace
        Let queries that a language model wrote give way to others.
    """
    given: dict[str, Any] = {"corpus": corpus, "queries": queries, "qrels": qrels, "set": set or []}
    given |= {"dataset": dataset, "published_queries": published_queries}
    console = Console(highlight=False)
    if dry_run:
        table = Table(show_header=False, box=None)
        for what, how_much in foretold(method, **given):
            table.add_row(what, escape(how_much))
        console.print(table)
        return
    value = carry_out(method, output=output, replace=replace, **given)
    console.print(comparison(value))
    for sentence in sentences(value):
        console.print(sentence, markup=False, soft_wrap=True)


def comparison(value: dict[str, Any]) -> Table:
    """Each system's figure beside the published ones, and how far two trainings lay apart on this dataset."""
    table = Table(title=f"{value['method']} on {value['dataset']}, {value['measure']}", title_justify="left")
    table.add_column("system")
    for column in ("here", "published", "difference", "device noise"):
        table.add_column(column, justify="right")
    table.add_column("published as")
    noise = value["noise"]["here"]
    for row in value["systems"]:
        ours = "-" if row["ours"] is None else f"{row['ours']:.4f}"
        for beside in row["published"] or [{"figure": None, "difference": None, "about": "no figure"}]:
            figure = "-" if beside["figure"] is None else f"{beside['figure']:.3f}"
            off = "-" if beside["difference"] is None else f"{beside['difference']:+.4f}"
            # BM25 trains nothing.
            apart = "-" if noise is None or row["system"].endswith(".bm25") else f"{noise:.3f}"
            table.add_row(row["system"], ours, figure, off, apart, beside["about"])
    return table


def sentences(value: dict[str, Any]) -> Iterator[str]:
    """Where the figures come from, what they may be compared with, and what was done otherwise here."""
    for source in dict.fromkeys(beside["source"] for row in value["systems"] for beside in row["published"]):
        yield f"published in: {source}"
    noise = value["noise"]
    here = f"{noise['here']:.3f} on this dataset, " if noise["here"] is not None else ""
    yield (
        f"device noise: InPars-v2, trained on the same queries on a TPU and on a GPU, came out {here}at most "
        f"{noise['most']:.3f} apart ({noise['source']}); a difference no larger says nothing"
    )
    if value["few_shot_examples_left_out"]:
        yield f"{value['few_shot_examples_left_out']} few-shot examples are left out of our figures"
    if value["differs"]:
        yield f"not as published, so that the figures are of something else: {'; '.join(value['differs'])}"
    if value["note"]:
        yield value["note"]

"""`inpars evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from inpars.data.outputs import check_outputs
from inpars.errors import InparsError
from inpars.evaluate import Evaluation, per_query_path
from inpars.evaluate import evaluate as stage
from inpars.evaluate.config import EvaluateConfig
from inpars.evaluate.exclusion import fewshot_queries, read_excluded, told

_DEFAULTS = EvaluateConfig()


def evaluate(
    *runs: str,
    qrels: Path,
    output: Path | None = None,
    exclude: Path | None = None,
    keep_fewshot: Annotated[bool, Parameter(negative=())] = False,
    options: Annotated[EvaluateConfig, Parameter(name="*")] = _DEFAULTS,
) -> None:
    """Measure runs against judgments, and compare each with the first (or with --baseline).

    Parameters
    ----------
    runs
        Runs, as FILE or NAME=FILE: TREC's, MS MARCO's, .csv, .tsv, .jsonl, .parquet or .json.
        Ties are broken as trec_eval breaks them.
    qrels
        Judgments: TREC's, BEIR's, or a .csv, .tsv, .jsonl, .parquet or .json of query, document and grade.
    output
        JSON file for means and comparisons; values per query go beside it.
    exclude
        File of queries to leave out as well: an id a line, or few-shot examples (JSONL).
    keep_fewshot
        Count queries that were few-shot examples, which are left out otherwise.
    """
    from inpars.data.measures import is_measure

    # Several measures behind one flag, as in --measures map P_10, come as if they were runs.
    measures = [word for word in runs if not Path(word).exists() and is_measure(word)]
    named: dict[str, str] = {}
    for run in (word for word in runs if word not in measures):
        name, equals, path = run.partition("=")
        name, path = (name, path) if equals else (Path(run).stem, run)
        if name in named:
            raise InparsError(f"two runs are called {name!r}", hint="name them: NAME=FILE")
        named[name] = path
    if output is not None:
        check_outputs((*named.values(), qrels, exclude), output, per_query_path(output))
    shown = set() if keep_fewshot else fewshot_queries(named.values())
    listed = set() if exclude is None else read_excluded(exclude)
    chosen = {**options.model_dump(), "measures": (*options.measures, *measures)}
    evaluation = stage(named, qrels, exclude=shown | listed, **chosen)
    if output is not None:
        evaluation.save(output)
    console = Console(highlight=False)
    if excluded := shown & set(evaluation.excluded):
        console.print(told(len(excluded)))
    if excluded := set(evaluation.excluded) - shown:
        console.print(f"{len(excluded):,} left out as --exclude says")
    console.print(_means(evaluation))
    if evaluation.comparisons:
        console.print(_comparisons(evaluation, options.confidence))


def _means(evaluation: Evaluation) -> Table:
    table = Table(title=f"{len(evaluation.queries)} queries", title_justify="left")
    table.add_column("system")
    for measure in next(iter(evaluation.systems.values())):
        table.add_column(measure, justify="right")
    for system, values in evaluation.systems.items():
        table.add_row(system, *(f"{value:.4f}" for value in values.values()))
    return table


def _comparisons(evaluation: Evaluation, confidence: float) -> Table:
    table = Table(title="comparisons", title_justify="left")
    for column in ("system", "baseline", "measure", "delta", f"{confidence:.0%} interval", "p", "p (Holm)"):
        table.add_column(column, justify="left" if column in ("system", "baseline", "measure") else "right")
    for comparison in evaluation.comparisons:
        row = asdict(comparison)
        table.add_row(
            row["system"],
            row["baseline"],
            row["measure"],
            f"{row['delta']:+.4f}",
            f"{row['ci_low']:+.4f} … {row['ci_high']:+.4f}",
            f"{row['p_value']:.4f}",
            f"{row['p_holm']:.4f}",
        )
    return table

"""Stage `evaluate`: measure runs against judgments, and say which differences are more than chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inpars.callable_module import make_callable
from inpars.data.files import atomic_write, write_json
from inpars.data.qrels import Qrels, read_qrels
from inpars.data.runs import Run, read_run
from inpars.errors import InparsError, some, unknown_name
from inpars.evaluate.config import EvaluateConfig
from inpars.evaluate.exclusion import fewshot_queries
from inpars.options import parse_options
from inpars.progress import say


@dataclass(frozen=True)
class Comparison:
    """One system against one baseline under one measure.

    `p_value` is that of the randomisation test, `p_holm` the same corrected for all comparisons
    made under this measure; `ci_low` and `ci_high` bound the mean difference `delta`.
    """

    system: str
    baseline: str
    measure: str
    delta: float
    p_value: float
    p_holm: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Evaluation:
    """Means, values per query, and comparisons. `excluded` are the judged queries that were left out."""

    queries: list[str]
    systems: dict[str, dict[str, float]]
    per_query: dict[str, dict[str, list[float]]]
    comparisons: list[Comparison]
    excluded: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The contents of `metrics.json`."""
        return {
            "queries": len(self.queries),
            "excluded_queries": self.excluded,
            "systems": self.systems,
            "comparisons": [asdict(comparison) for comparison in self.comparisons],
        }

    def save(self, output: str | Path) -> None:
        """Write `output` (JSON) and, beside it, `<stem>.per_query.tsv`: system, measure, query, value."""
        output = Path(output)
        with atomic_write(per_query_path(output)) as stream:
            stream.write(b"system\tmeasure\tquery_id\tvalue\n")
            for system, measures in self.per_query.items():
                for measure, values in measures.items():
                    for query_id, value in zip(self.queries, values, strict=True):
                        stream.write(f"{system}\t{measure}\t{query_id}\t{value:.6f}\n".encode())
        write_json(output, self.to_json())


def per_query_path(output: Path) -> Path:
    """Where the values of each query lie that go with the means in `output`."""
    return output.parent / f"{output.stem}.per_query.tsv"


def evaluate(
    runs: Mapping[str, str | Path | Run],
    qrels: str | Path | Qrels,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    exclude: Iterable[str] | None = None,
    **options: Any,
) -> Evaluation:
    """Measure `runs` (name to TREC file or run) over every judged query, and compare them.

    `pairs` lists the `(system, baseline)` comparisons; without it every run is compared with
    `baseline`. A query that a run lacks counts as 0, and how many do is said. `exclude` lists query ids
    that do not count, for any run; without it they are those of the few-shot examples found with runs
    that are files (see `inpars.data.fewshot.find_fewshot`). `options` are the fields of `EvaluateConfig`.
    """
    from inpars.data.measures import parse_measures, per_query
    from inpars.evaluate.significance import compare, holm

    config = parse_options(EvaluateConfig, "evaluate", options)
    if not runs:
        raise InparsError("nothing to evaluate: no run was given")
    judged = read_qrels(qrels) if isinstance(qrels, (str, Path)) else qrels
    judged = {query_id: grades for query_id, grades in judged.items() if any(grade > 0 for grade in grades.values())}
    if not judged:
        raise InparsError("the judgments call no document relevant to any query", hint="grades above 0 are relevant")
    judged, excluded = _without(judged, fewshot_queries(runs.values()) if exclude is None else set(exclude))
    measures = parse_measures(config.measures)
    loaded = {name: read_run(run) if isinstance(run, (str, Path)) else run for name, run in runs.items()}
    lacking: dict[frozenset[str], list[str]] = {}
    for name, run in loaded.items():
        if not judged.keys() & run.keys():
            raise InparsError(
                f"run {name!r} and the judgments share no query: the run has {some(list(run), 3)}, "
                f"the judgments have {some(list(judged), 3)}",
                hint="are the query ids of the two the same?",
            )
        _tell_foreign_documents(name, run, judged)
        lacking.setdefault(frozenset(judged.keys() - run.keys()), []).append(name)
    for missing, names in lacking.items():
        if missing:
            counted = "is not in {} and counts 0" if len(missing) == 1 else "are not in {} and count 0"
            say(f"evaluate: {len(missing):,} of {len(judged):,} judged queries {counted.format(', '.join(names))}")
    values = {name: per_query(run, judged, measures) for name, run in loaded.items()}
    if pairs is None:
        baseline = config.baseline or next(iter(runs))
        if baseline not in runs:
            raise unknown_name("baseline", baseline, runs)
        pairs = [(name, baseline) for name in runs if name != baseline]
    for name in (name for pair in pairs for name in pair):
        if name not in runs:
            raise unknown_name("run", name, runs)
    comparisons = []
    for measure in map(str, measures):
        differences = [
            compare(
                values[system][measure],
                values[baseline][measure],
                permutations=config.permutations,
                bootstraps=config.bootstraps,
                confidence=config.confidence,
                seed=config.seed,
            )
            for system, baseline in pairs
        ]
        corrected = holm([difference.p_value for difference in differences])
        for (system, baseline), d, p_holm in zip(pairs, differences, corrected, strict=True):
            comparisons.append(Comparison(system, baseline, measure, d.delta, d.p_value, p_holm, d.ci_low, d.ci_high))
    return Evaluation(
        queries=list(judged),
        systems={name: {m: float(v.mean()) for m, v in found.items()} for name, found in values.items()},
        per_query={name: {m: v.tolist() for m, v in found.items()} for name, found in values.items()},
        comparisons=comparisons,
        excluded=excluded,
    )


def _tell_foreign_documents(name: str, run: Run, judged: Qrels) -> None:
    """Say so where a run's documents and those that are judged have not one id in common, as under another prefix."""
    known = dict.fromkeys(doc_id for grades in judged.values() for doc_id in grades)
    retrieved = dict.fromkeys(doc_id for query_id in judged for doc_id in run.get(query_id, ()))
    if retrieved and known.keys().isdisjoint(retrieved):
        say(
            f"evaluate: no document of {name} is judged for any query: the run has {some(list(retrieved), 3)}, "
            f"the judgments have {some(list(known), 3)}; are the document ids of the two the same?"
        )


def _without(judged: Qrels, exclude: set[str]) -> tuple[Qrels, list[str]]:
    """The judgments of the queries that count, and the ids of those that do not."""
    kept = {query_id: grades for query_id, grades in judged.items() if query_id not in exclude}
    if not kept:
        raise InparsError(
            f"nothing to evaluate: all {len(judged)} judged queries are excluded, as few-shot examples are",
            hint="--keep-fewshot measures few-shot examples too; exclude=[] does so in Python",
        )
    return kept, [query_id for query_id in judged if query_id in exclude]


make_callable(__name__)

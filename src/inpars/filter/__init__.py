"""Stage `filter`: keep the queries that are worth training on, and say why the others were dropped.

A method is a function `judge(queries, options)` that gives, for each query, None to keep it or the
reason to drop it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.files import write_jsonl
from inpars.data.queries import read_synthetic_queries, write_synthetic_queries
from inpars.data.records import SyntheticQuery
from inpars.filter.config import FilterConfig
from inpars.options import Options, parse_options
from inpars.progress import say, track
from inpars.registry import Registry

Judge = Callable[[Sequence[SyntheticQuery], Any], list[str | None]]

METHODS: Registry[Judge] = Registry(
    "filter method",
    {
        "length": "inpars.filter.length:judge",
        "copied": "inpars.filter.copied:judge",
        "duplicates": "inpars.filter.duplicates:judge",
        "scores": "inpars.filter.scores:judge",
        "top_k": "inpars.filter.top_k:judge",
    },
)


def filter(queries: str | Path, output: str | Path, **options: Any) -> Path:
    """Apply the configured methods in order to the file `queries`.

    `options` are the fields of `FilterConfig`. `output` gets the kept queries in their order; beside
    it `<stem>.dropped.jsonl` gets every other one with `dropped_by` and `reason`. Returns `output`.
    """
    config = parse_options(FilterConfig, "filter", options)
    judges = [(name, METHODS[name]) for name in config.methods]
    artifact = Artifact(output, "filter", config, {"queries": fingerprint_of(Path(queries))})
    if artifact.is_current():
        return artifact.output
    kept = list(read_synthetic_queries(queries))
    artifact.begin()
    total, dropped = len(kept), []
    for name, judge in track(judges, "filter", len(judges)):
        reasons = judge(kept, _options_of(config, name))
        dropped += [(query, name, reason) for query, reason in zip(kept, reasons, strict=True) if reason]
        kept = [query for query, reason in zip(kept, reasons, strict=True) if not reason]
    write_jsonl(artifact.side_file("dropped"), _dropped_rows(dropped))
    write_synthetic_queries(artifact.output, kept)
    by_method = {name: sum(d[1] == name for d in dropped) for name, _ in judges}
    artifact.finish(read=total, kept=len(kept), dropped=by_method)
    told = ", ".join(f"{name} {count:,}" for name, count in by_method.items())
    say(f"filter: kept {len(kept):,} of {total:,} queries (dropped by {told}) -> {artifact.output}")
    return artifact.output


def _dropped_rows(dropped: Iterable[tuple[SyntheticQuery, str, str]]) -> Iterable[dict[str, Any]]:
    return (query.to_row() | {"dropped_by": name, "reason": reason} for query, name, reason in dropped)


def _options_of(config: FilterConfig, name: str) -> Options | None:
    options: Options | None = getattr(config, name, None)
    return options


make_callable(__name__)

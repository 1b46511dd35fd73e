"""Stage `filter`: keep the queries that are worth training on, and say why the others were dropped.

A method is a function `judge(queries, options, context)` that gives each query's outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, facts_of, fingerprint_of, side_file, where_reasons_lie
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import atomic_write
from inpars.data.lock import locks_released
from inpars.data.outputs import check_outputs
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import SyntheticQuery
from inpars.data.unusable import without_document
from inpars.errors import InputError, NothingProduced, faults_of, raise_faults, shorten
from inpars.filter.checks import check_queries, checks, named_models
from inpars.filter.config import FilterConfig, add_method_options
from inpars.filter.examples import Ends
from inpars.filter.method import Context, Dropped, Failed, Judge, MethodOptions, Outcome
from inpars.models.checks import model_checks
from inpars.models.language.base import LanguageModel
from inpars.options import parse_options
from inpars.progress import say
from inpars.registry import Registry

METHODS: Registry[Judge] = Registry(
    "filter method",
    {
        "length": "inpars.filter.length:judge",
        "copied": "inpars.filter.copied:judge",
        "echo": "inpars.filter.echo:judge",
        "loop": "inpars.filter.loop:judge",
        "unfinished": "inpars.filter.unfinished:judge",
        "duplicates": "inpars.filter.duplicates:judge",
        "language": "inpars.filter.language:judge",
        "scores": "inpars.filter.scores:judge",
        "top_k": "inpars.filter.top_k:judge",
        "reranker": "inpars.filter.reranker:judge",
        "consistency": "inpars.filter.consistency:judge",
        "judge": "inpars.filter.judge:judge",
    },
)

Verdict = tuple[str, Dropped | Failed]
"""What took a query out, by the method's name, and why."""


def register(name: str, target: str, options: type[MethodOptions] = MethodOptions) -> None:
    """Add a method from outside the package: `register("mine", "my_package.filters:judge", MyOptions)`."""
    METHODS.register(name, target)
    add_method_options(name, options)


@locks_released()
def filter(
    queries: str | Path,
    output: str | Path,
    *,
    corpus: str | Path | Corpus | None = None,
    language_model: LanguageModel | None = None,
    **options: Any,
) -> Path:
    """Apply the configured methods in order to the file `queries`.

    `corpus`, a spec or an open one, is what the queries were generated from; only some methods read
    it. `language_model` is a ready one, in place of the one that a method's options name. `options`
    are the fields of `FilterConfig`. `output` gets the kept queries in their order; beside it
    `<stem>.dropped.jsonl` gets those that a method dropped, with `dropped_by` and `reason`, and
    `<stem>.errors.jsonl` those that a method could not judge, with `failed_in` and `error`: called
    again, the stage asks for those alone. None of these files may be `queries`. Returns `output`; `NothingProduced`,
    once all is written, where no query is kept.
    """
    config = parse_options(FilterConfig, "filter", options)
    written = (Path(output), *(side_file(Path(output), part) for part in ("dropped", "errors")))
    check_outputs((queries, corpus), *written)
    steps = config.steps()
    inputs = {"queries": fingerprint_of(Path(queries))}
    for number, (name, chosen) in enumerate(steps, start=1):
        inputs |= {f"{number}-{name}.{what}": value for what, value in chosen.inputs().items()}
    opened = None
    if corpus is not None and any(chosen.needs_corpus for _, chosen in steps):
        opened = open_corpus(corpus)
        config = config.for_corpus(opened)
        steps, inputs["corpus"] = config.steps(), opened.fingerprint()
    if language_model is not None and any(chosen.asks_language_model for _, chosen in steps):
        inputs["language_model"] = language_model.fingerprint()
    artifact = Artifact(output, "filter", config, inputs)
    if artifact.is_current():
        return _kept_some(artifact.output)
    needs = checks(config, ready_model=language_model is not None)
    raise_faults(faults_of(*model_checks(named_models(config, "filter")), *needs))
    read = _held(Path(queries), [chosen for _, chosen in steps])
    check_queries(Path(queries), read, config, open_corpus(corpus) if corpus is not None else None)
    artifact.begin()
    verdicts: list[Verdict | None] = [None] * len(read)
    funnel: list[dict[str, Any]] = []
    for number, (name, chosen) in enumerate(steps, start=1):
        context = Context(artifact.folder / f"{number}-{name}", name, opened, language_model, config.unit_size)
        standing = [place for place, verdict in enumerate(verdicts) if verdict is None]
        outcomes = METHODS[name]([read[place] for place in standing], chosen, context)
        # A method may stand in the list more than once.
        label = name if all(entry["method"] != name for entry in funnel) else f"{name}-{number}"
        for place, outcome in zip(standing, outcomes, strict=True):
            verdicts[place] = None if outcome is None else (label, outcome)
        counts = _counts(outcomes)
        funnel.append({"method": label, "read": len(standing), **counts, **context.facts})
    extra = any(chosen.needs_extra for _, chosen in steps)
    ends = _write(artifact, Path(queries), read, verdicts, extra=extra)
    total = _counts([None if verdict is None else verdict[1] for verdict in verdicts])
    artifact.finish(read=len(read), **total, funnel=funnel)
    told = ", ".join(f"{entry['method']} {entry['dropped']:,}" for entry in funnel)
    say(f"filter: kept {total['kept']:,} of {len(read):,} queries (dropped by {told}) -> {artifact.output}")
    for line in ends.lines():
        say(f"filter: {line}")
    if total["errors"]:
        where = artifact.side_file("errors")
        say(f"filter: {total['errors']:,} ended in an error, see {where}; the same command tries those again")
    return _kept_some(artifact.output)


def _kept_some(output: Path) -> Path:
    """The finished `output`; `NothingProduced` where nothing is left in it."""
    facts = facts_of(output)
    if not facts["kept"]:
        counts = ", ".join(f"{entry['method']} {entry['dropped']:,}" for entry in facts["funnel"])
        failed = f"; {facts['errors']:,} ended in an error" if facts["errors"] else ""
        raise NothingProduced(
            f"filter kept none of {facts['read']:,} queries (dropped by {counts}{failed})",
            hint=f"{where_reasons_lie(output)}; relax the options of the method that drops the most",
        )
    return output


def _held(path: Path, steps: Sequence[MethodOptions]) -> list[SyntheticQuery]:
    """The queries as methods get them: without what none of them reads, which is most of a file.

    Prompts, log-probabilities and the fields of others are held only where one of the `steps` reads them. A prompt is
    held without its document, and a text that stands in many rows once.
    `InputError` where one id stands for two queries, so that what is known of one is not said of the other.
    """
    queries: list[SyntheticQuery] = []
    texts: dict[str, str] = {}
    known: dict[str, tuple[str, str]] = {}
    for query in read_synthetic_queries(path):
        query.fewshot_examples = []
        if any(step.needs_prompt for step in steps) and not query.is_extracted:
            frame = without_document(query.prompt_text, query.doc_text)
            query.prompt_text = texts.setdefault(frame, frame)
        else:
            query.prompt_text = ""
        if not any(step.needs_log_probs for step in steps):
            query.log_probs = None
        if not any(step.needs_extra for step in steps):
            query.extra = {}
        query.doc_text = texts.setdefault(query.doc_text, query.doc_text)
        if known.setdefault(query.query_id, (query.query, query.doc_id)) != (query.query, query.doc_id):
            raise InputError(
                path,
                expected="an id for every query",
                found=f"{query.query_id!r} for {shorten(query.query)} and another",
            )
        queries.append(query)
    return queries


def _write(
    artifact: Artifact,
    path: Path,
    queries: Sequence[SyntheticQuery],
    verdicts: Sequence[Verdict | None],
    *,
    extra: bool,
) -> Ends:
    """The whole rows, read anew from `path`, with what methods set: kept, dropped and failed ones apart.

    `extra` says that they may have set the fields of others too. A side file without rows is not left behind.
    Returns examples of what is kept.
    """
    places = {None: artifact.output, Dropped: artifact.side_file("dropped"), Failed: artifact.side_file("errors")}
    rows: Counter[type | None] = Counter()
    ends = Ends()
    with ExitStack() as stack:
        streams = {kind: stack.enter_context(atomic_write(place)) for kind, place in places.items()}
        for query, judged, verdict in zip(read_synthetic_queries(path), queries, verdicts, strict=True):
            query.score, query.scores = judged.score, judged.scores
            if extra:
                query.extra = judged.extra
            kind = None if verdict is None else type(verdict[1])
            if kind is None:
                ends.add(query)
            streams[kind].write(orjson.dumps(query.to_row() | _told(verdict), option=orjson.OPT_APPEND_NEWLINE))
            rows[kind] += 1
    for kind, place in places.items():
        if kind is not None and not rows[kind]:
            place.unlink()
    return ends


def _told(verdict: Verdict | None) -> dict[str, str]:
    if verdict is None:
        return {}
    name, outcome = verdict
    if isinstance(outcome, Dropped):
        return {"dropped_by": name, "reason": outcome.reason}
    return {"failed_in": name, "error": outcome.cause}


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {
        "dropped": sum(isinstance(outcome, Dropped) for outcome in outcomes),
        "errors": sum(isinstance(outcome, Failed) for outcome in outcomes),
        "kept": sum(outcome is None for outcome in outcomes),
    }


make_callable(__name__)

"""Stage `generate`: write queries for documents."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, set_aside_path
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.fewshot import write_examples
from inpars.data.lock import locks_released
from inpars.data.outputs import check_outputs
from inpars.errors import faults_of, raise_faults
from inpars.generate.backends.choose import choose_backend
from inpars.generate.backends.prompted import Prompted
from inpars.generate.checks import checks
from inpars.generate.config import GenerateConfig
from inpars.generate.eligible import eligible
from inpars.generate.look import FAULTS, Look, Unusable, told_funnel
from inpars.generate.outcome import check_queries, drop_reasons
from inpars.generate.replaced import make_way
from inpars.generate.units import Units
from inpars.models.checks import model_checks, named_in
from inpars.models.language.base import LanguageModel, batches, check
from inpars.models.language.unanswered import way_out
from inpars.models.languages import say_unspoken
from inpars.options import parse_options
from inpars.progress import progress_bar, say

# How many of the reasons why answers were dropped are reported.
_REASONS = 3


@locks_released()
def generate(
    corpus: str | Path | Corpus, output: str | Path, *, language_model: LanguageModel | None = None, **options: Any
) -> Path:
    """Write synthetic queries for a sample of the documents of `corpus`.

    `corpus` is a spec or an open corpus; `options` are the fields of `GenerateConfig`;
    `language_model` is a ready one, in place of the option `model`. `output` gets one JSON line a
    query, document by document in the order of the sample. Beside it lie `<stem>.dropped.jsonl`
    (documents and answers that gave no query, and why) and `<stem>.errors.jsonl` (documents that
    ended in an error: called again, the stage takes up those alone), and where few-shot examples
    were drawn from a dataset, `<stem>.fewshot.jsonl`, which `evaluate` heeds. Queries of other options or documents
    that a language model wrote there are set aside, and taken back when they are wanted again. Returns `output`.
    `NothingProduced` where there is none in it.
    """
    config = parse_options(GenerateConfig, "generate", options)
    corpus = open_corpus(corpus)
    backend = choose_backend(corpus, config, language_model)
    artifact = Artifact(output, "generate", config, {"corpus": corpus.fingerprint(), **backend.inputs})
    beside = (artifact.side_file(part) for part in ("dropped", "errors", "fewshot"))
    check_outputs((corpus, config.prompt, config.fewshot, config.openai.prices), artifact.output, *beside)
    if set_aside_path(artifact.output, artifact.fingerprint).is_file():
        # What was written before needs no model and no key to be taken back.
        make_way(artifact)
    if artifact.is_current():
        check_queries(artifact)
        return artifact.output
    if language_model is None:
        raise_faults(faults_of(*model_checks(named_in("generate", config.model_dump())), *checks(config, corpus)))
        say_unspoken([named.model for named in named_in("generate", config.model_dump()) if named.here], corpus)
    elif isinstance(backend, Prompted):
        check(backend.model)
    # Reads the whole corpus once, so that a broken line is found before anything is begun.
    total = min(len(corpus), config.max_generations)
    make_way(artifact)
    artifact.begin()
    examples = backend.examples if isinstance(backend, Prompted) else []
    if examples:
        write_examples(artifact.side_file("fewshot"), examples)
    else:
        artifact.side_file("fewshot").unlink(missing_ok=True)
    shown = {example.doc_id for example in examples}
    # A batch is paid for as a whole before its first answer comes.
    may_stop = isinstance(backend, Prompted) and not batches(backend.model)
    look = Look(config if may_stop else config.model_copy(update={"max_unusable": 1.0}))
    units = Units(artifact, islice(eligible(corpus, config, shown), total), config.unit_size, look)
    with progress_bar() as bar:
        task = bar.add_task("generate", total=total)
        try:
            for written in backend.write(units.missing()):
                units.add(written)
                look.see(written)
                if units.waiting or units.read < total:
                    look.require_usable()
                bar.update(task, completed=units.read - units.waiting)
        except Unusable:
            units.keep()
            raise
    counts = {
        "documents": units.read,
        "queries": artifact.merge(),
        "dropped": artifact.merge("dropped"),
        "errors": artifact.merge("errors"),
    }
    usage: dict[str, float] = {name: round(value, 6) for name, value in sorted(units.totals().items())}
    artifact.finish(**counts, **usage, fewshot_examples=len(examples))
    reused = backend.reused if isinstance(backend, Prompted) else 0
    say(f"generate: {_told(counts, usage, reused)} -> {artifact.output}")
    if any(usage.get(fault) for fault in FAULTS):
        say(f"generate: {told_funnel(counts['queries'], 'queries', usage)} (the filters echo, loop and unfinished)")
    check_queries(artifact)
    if counts["dropped"] and isinstance(backend, Prompted):
        reasons = drop_reasons(artifact.side_file("dropped")).most_common(_REASONS)
        told = "; ".join(f"{count:,} because: {reason}" for reason, count in reasons)
        try_this = way_out(reasons[0][0])
        say(f"generate: dropped: {told}" + (f" (try {try_this})" if try_this else ""))
    if counts["errors"]:
        say(f"generate: the errors are in {artifact.side_file('errors')}; the same command tries those documents again")
    return artifact.output


def _told(counts: dict[str, int], usage: Mapping[str, float], reused: int) -> str:
    told = [f"{counts['queries']:,} queries for {counts['documents']:,} documents"]
    told += [f"{counts[name]:,} {name}" for name in ("dropped", "errors") if counts[name]]
    if truncated := usage.get("truncated"):
        told.append(f"{truncated:,} truncated")
    if prompt_tokens := usage.get("prompt_tokens"):
        told.append(f"{prompt_tokens:,} tokens in and {usage.get('completion_tokens', 0):,} out")
    if reused:
        told.append(f"{reused:,} answers kept from before")
    if "cost" in usage:
        told.append(f"${usage['cost']:,.2f}")
    return ", ".join(told)


make_callable(__name__)

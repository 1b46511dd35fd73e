"""Stage `negatives`: find documents that look relevant to a query and are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpars.data.artifacts import Artifact, facts_of, fingerprint_of, side_file, where_reasons_lie
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.lock import locks_released
from inpars.data.outputs import check_outputs
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import SyntheticQuery
from inpars.data.sources import check_sources
from inpars.errors import NothingProduced, OptionError, faults_of, raise_faults
from inpars.models.checks import model_checks, named_in
from inpars.models.language.base import LanguageModel, batches
from inpars.models.locate import model_fingerprint
from inpars.negatives import report, units
from inpars.negatives.checks import checks
from inpars.negatives.config import ROUND_BY_ROUND, NegativesConfig
from inpars.negatives.exclusion import KnownPositives
from inpars.options import parse_options
from inpars.progress import console, say, track

if TYPE_CHECKING:
    from inpars.negatives.mining import Miner


@locks_released()
def mine_negatives(
    queries: str | Path,
    corpus: str | Path | Corpus,
    output: str | Path,
    *,
    qrels: str | Path | None = None,
    language_model: LanguageModel | None = None,
    **options: Any,
) -> Path:
    """Write a triple for each query: its document, and negatives that the retriever found for it.

    The source document never is a negative, nor any other known positive, nor a near-duplicate of one
    of them. Known are the documents for which the same query was generated, that `qrels` judges relevant
    to the query id, or that `relabel` made positives, which gives the query further triples.
    `language_model` is a ready judge, in place of the one that `relabel.judge` names. `options` are the
    fields of `NegativesConfig`. What a query gets depends on no other query, save those of the same
    words; a model's scores may differ in their last digits with what else is in the batch.

    Queries without a negative go to `<stem>.dropped.jsonl` with the reason, those about which a judge
    gave no verdict to `<stem>.errors.jsonl`: called again, the stage takes up those alone, and asks the
    judge once more for each verdict that it could not read. Returns `output`; `NothingProduced`, once all is written,
    where there is not one triple.
    """
    config = parse_options(NegativesConfig, "negatives", options)
    written = (Path(output), *(side_file(Path(output), part) for part in ("dropped", "errors")))
    check_outputs((queries, corpus, qrels), *written)
    corpus, queries = open_corpus(corpus), Path(queries)
    config = config.for_corpus(corpus)
    inputs = {"queries": fingerprint_of(queries), "corpus": corpus.fingerprint()}
    if qrels is not None:
        inputs["qrels"] = fingerprint_of(Path(qrels))
    inputs |= _fingerprints(config, language_model)
    artifact = Artifact(output, "negatives", config, inputs)
    if artifact.is_current():
        return _mined_some(artifact.output)
    raise_faults(
        faults_of(
            *model_checks(named_in("negatives", config.model_dump())),
            *checks(config, ready_model=language_model is not None),
            lambda: check_sources(queries, read_synthetic_queries(queries), corpus),
        )
    )
    known = KnownPositives(queries, Path(qrels) if qrels is not None else None)
    artifact.begin()
    folder = artifact.output.with_name(f"{artifact.output.stem}.index")
    miner: Miner | None = None

    def mine(unit: Sequence[SyntheticQuery], failures: Sequence[int]) -> list[dict[str, Any]]:
        nonlocal miner
        if miner is None:
            from inpars.negatives.mining import Miner

            miner = Miner(corpus, config, known, folder, language_model)
        return miner.mine(unit, failures)

    stream = track(read_synthetic_queries(queries), "negatives", known.queries)
    units.complete(artifact, stream, config.unit_size, mine)
    rows, candidates = units.merge(artifact)
    asked = {"judge": dict(miner.judge.usage)} if miner is not None and miner.judge is not None else {}
    artifact.finish(
        queries=known.queries,
        triples=rows["triples"],
        dropped=rows["dropped"],
        errors=rows["errors"],
        candidates=report.facts(candidates),
        **asked,
    )
    console.print(report.table(candidates))
    counts = f"{rows['triples']:,} triples for {known.queries:,} queries ({rows['dropped']:,} without negatives)"
    say(f"negatives: {counts} -> {artifact.output}")
    if rows["errors"]:
        where = artifact.side_file("errors")
        say(f"negatives: {rows['errors']:,} ended in an error, see {where}; the same command tries those again")
    return _mined_some(artifact.output)


def _mined_some(output: Path) -> Path:
    """The finished `output`; `NothingProduced` where there is no triple in it."""
    facts = facts_of(output)
    if not facts["triples"]:
        counts = f"{facts['dropped']:,} without negatives, {facts['errors']:,} ended in an error"
        raise NothingProduced(
            f"negatives: not one triple for {facts['queries']:,} queries ({counts})",
            hint=f"{where_reasons_lie(output)}; a larger --top-k or a smaller --skip-top leaves more candidates",
        )
    return output


def _fingerprints(config: NegativesConfig, language_model: LanguageModel | None) -> dict[str, str]:
    """What identifies each model and prompt that the options name."""
    found = {purpose: model_fingerprint(name) for purpose, name in config.models().items()}
    if language_model is not None and config.relabel.scorer is not None:
        raise OptionError("relabelling goes by a scorer or by a judge, not both", hint="leave out relabel.scorer")
    if language_model is not None and batches(language_model):
        raise OptionError(ROUND_BY_ROUND, hint="give a model without batch_api")
    if config.relabel.judge.model or language_model is not None:
        found |= {f"judge {what}": value for what, value in config.relabel.judge.fingerprints("grade").items()}
    if language_model is not None:
        found["judge model"] = language_model.fingerprint()
    return found

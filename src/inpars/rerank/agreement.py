"""Runs for held-out queries: what a fusion's weight is chosen on, and what is measured where there are no labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.corpora import Corpus
from inpars.data.lock import locks_released
from inpars.data.runs import read_run, write_run
from inpars.models.locate import model_fingerprint
from inpars.models.scorers import Scorer
from inpars.progress import say
from inpars.rerank.config import RerankConfig, SearchConfig
from inpars.rerank.fusion_weight import EXTRACTED, WRITTEN, choose_weight, fuse_runs
from inpars.rerank.held_out import HeldOutQueries, as_in_corpus
from inpars.rerank.scoring import score_in_units, scored
from inpars.retrieve.fusion import PRIOR
from inpars.retrieve.options import spoken

if TYPE_CHECKING:
    from inpars.retrieve.dense import Dense

_FEWEST = 10
"""Held-out queries to choose a weight on; with fewer the prior stands."""


def agreement_path(output: Path) -> Path:
    """Where the run for held-out queries lies that goes with a run for others."""
    return output.parent / "agreement" / output.name


def first_stage_path(output: Path) -> Path:
    """Where the first stage's run lies that a run for held-out queries was made from."""
    return output.parent / f"{output.stem}.first_stage.trec"


def fused_path(output: Path) -> Path:
    """Where the fused run lies that goes with a reranked one."""
    return output.parent / f"{output.stem}_fused{output.suffix}"


@locks_released()
def search_held_out(
    corpus: Corpus, held_out: Path, output: Path, *, config: SearchConfig, index: Path, unions: bool = False
) -> Path:
    """Write the first stage's run for the held-out queries in the folder `held_out`; returns `output`.

    `index` is where the corpus's index is kept unless `config` names a place. With `unions` the run has all documents
    that either retriever of a hybrid has among its best, by BM25's score. How many queries find
    their source is said, and stands in the sidecar (`queries`, `found`, `depth`).
    """
    config = config.for_corpus(corpus)
    inputs = {"corpus": corpus.fingerprint(), "held_out": fingerprint_of(held_out)}
    if config.retriever is not None:
        inputs["retriever"] = model_fingerprint(config.retriever)
    artifact = Artifact(output, "held-out search for both" if unions else "held-out search", config, inputs)
    if artifact.is_current():
        return output
    queries = HeldOutQueries(held_out, corpus)
    artifact.begin()
    run = dict(queries.search(config, index, unions=unions))
    write_run(output, {query.query_id: run.get(query.query_id, {}) for query in queries.queries}, output.stem)
    found = queries.found(run, config.top_k)
    artifact.finish(**found._asdict())
    say(f"held-out: {found.told(config.first_stage)} -> {output}")
    return output


@locks_released()
def rerank_held_out(
    corpus: Corpus,
    held_out: Path,
    output: Path,
    *,
    model: str | Path,
    load: Callable[[], Scorer],
    config: RerankConfig,
    index: Path,
    first: Path | None = None,
    fused: Path | None = None,
) -> Path:
    """Rerank the first stage's best documents for the queries in the folder `held_out`, as `rerank` does for others.

    The first stage searches the whole corpus to the depth `config.top_k`, whatever run the other queries
    come with; a query whose source it does not find has lost it. Unless `fusion` is "none" the fused run
    lies in `fused`, by default beside `output`; "auto" chooses its weight here, and the sidecar says which
    (`fusion_weight`) and the nDCG@10 of each that was tried. `load` gives the model's scorer. The first stage's run
    lies in `first`, by default beside `output` under its name, for more than one model to share. Returns `output`.
    """
    first = first_stage_path(output) if first is None else first
    fused = fused_path(output) if fused is None else fused
    unions = config.searches_itself
    search_held_out(corpus, held_out, first, config=config.searching(model), index=index, unions=unions)
    inputs = {
        "corpus": corpus.fingerprint(),
        "held_out": fingerprint_of(held_out),
        "run": fingerprint_of(first),
        "model": model_fingerprint(model),
    }
    artifact = Artifact(output, "held-out rerank", config, inputs)
    if artifact.is_current():
        return output
    queries = HeldOutQueries(held_out, corpus)
    run = read_run(first) if first.stat().st_size else {}
    scorer = load()
    artifact.begin()
    candidates = queries.candidates(run)
    facts = score_in_units(artifact, scorer, queries.queries, queries.texts(), candidates, config.unit_size)
    reranked = {query_id: as_in_corpus(scores) for query_id, scores in scored(artifact)}
    write_run(output, reranked, output.stem)
    scale = scale_of(scorer, config)
    fused.unlink(missing_ok=True)
    if config.fusion != "none":
        if config.fusion != "auto":
            facts["fusion_weight"] = float(config.fusion)
        elif len(queries.queries) < _FEWEST:
            facts["fusion_weight"] = PRIOR
        else:
            tried = EXTRACTED if queries.cut else WRITTEN
            choice = choose_weight(run, reranked, queries.qrels, tried, scale=scale, errors=2.0 if unions else 1.0)
            facts |= {"fusion_weight": choice.weight, "held_out_ndcg@10_by_weight": choice.held_out}
        weight = facts["fusion_weight"]
        write_run(fused, fuse_runs([run, reranked], [1 - weight, weight], [None, scale]), fused.stem)
    artifact.finish(**facts)
    say(f"held-out: {told(facts, config.beside)} -> {output}")
    return output


def scale_of(scorer: Scorer, config: RerankConfig) -> float | None:
    """What the model's scores are divided by in a fusion, of a bi-encoder over the encoded corpus; else None."""
    return cast("Dense", scorer).spread if config.searches_itself else None


def told(facts: Mapping[str, Any], first_stage: str) -> str:
    """What was reranked, and with what weights it was fused."""
    each = facts["pairs"] / facts["queries"] if facts["queries"] else 0
    said = f"{facts['queries']:,} queries × {each:,.0f} candidates"
    if (weight := facts.get("fusion_weight")) is None:
        return said
    return f"{said}; fusion weight {weight:.2f} (model) / {1 - weight:.2f} ({spoken(first_stage)})"

"""The best of a fused run in a new order, by how likely a language model finds the query after each document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from inpars.data.artifacts import Artifact, discard, fingerprint_of
from inpars.data.corpora import Corpus
from inpars.data.corpora.texts import Texts
from inpars.data.hashes import hash_of
from inpars.data.records import Query
from inpars.data.runs import ranked, write_run
from inpars.models.locate import model_fingerprint
from inpars.models.scorers import default_depth, load_scorer
from inpars.progress import say
from inpars.rerank.candidates import read_candidates
from inpars.rerank.config import RerankConfig
from inpars.rerank.scoring import score_in_units, scored
from inpars.retrieve.fusion import fuse


def likelihood_path(fused: Path) -> Path:
    """Where the run lies that goes with a fused one."""
    return fused.with_name(f"{fused.stem}_likelihood{fused.suffix}")


def reorder(corpus: Corpus, queries: list[Query], run: Path, config: RerankConfig) -> None:
    """Write the run `likelihood_path(run)`: the best of `run` fused with the likelihood, the others below as they are.

    Query likelihood as in UPR (Sachan et al. 2022, arXiv 2204.07496). Where the pairs are more than
    `config.likelihood_pairs` allows, it is left out, and that is printed.
    """
    output, model = likelihood_path(run), config.likelihood_model
    depth = config.likelihood_depth or default_depth("likelihood", config.device)
    pairs = depth * len(queries)
    if config.likelihood_pairs and pairs > config.likelihood_pairs:
        say(
            f"likelihood: left out: {len(queries):,} queries × {depth} documents are more pairs than likelihood_pairs "
            f"({config.likelihood_pairs:,}) allows; likelihood_pairs=0 asks for all"
        )
        discard(output)
        return
    scoring = config.likelihood_scoring()
    inputs = {
        "corpus": corpus.fingerprint(),
        "queries": hash_of([(query.query_id, query.text) for query in queries]),
        "run": fingerprint_of(run),
        "model": model_fingerprint(model),
        "depth": str(depth),
        "weight": str(config.likelihood_weight),
    }
    artifact = Artifact(output, "likelihood", scoring, inputs)
    if artifact.is_current():
        return
    whole = read_candidates(run, queries, corpus, len(corpus))
    best = whole.best(depth)
    scorer = load_scorer(model, scoring)
    artifact.begin()
    facts = score_in_units(artifact, scorer, queries, Texts(corpus), best, config.unit_size)
    weights = [1 - config.likelihood_weight, config.likelihood_weight]
    write_run(output, fused_with(best, scored(artifact), weights, whole), output.stem)
    artifact.finish(**facts, likelihood_weight=config.likelihood_weight, depth=depth)
    said = f"{len(queries):,} queries × {depth} documents by {model}; weight {config.likelihood_weight:.2f}"
    say(f"likelihood: {said} (likelihood) / {weights[0]:.2f} (fusion) -> {output}")


def fused_with(
    best: Mapping[str, Mapping[str, float]],
    scores: Iterable[tuple[str, Mapping[str, float]]],
    weights: Sequence[float],
    whole: Mapping[str, Mapping[str, float]],
    scale: float | None = None,
) -> Iterator[tuple[str, dict[str, float]]]:
    """`(query id, its documents)`: those of `best` fused with `scores`, and below them the others of `whole`.

    `scale` is that of `scores` (see `fuse`).
    """
    for query_id, of_model in scores:
        top = fuse([best.get(query_id, {}), of_model], weights, [None, scale])
        yield query_id, top | below(whole.get(query_id, {}), top)


def below(scores: Mapping[str, float], top: Mapping[str, float]) -> dict[str, float]:
    """The documents that are not in `top`, in their own order, with scores below all of its."""
    others = [doc_id for doc_id, _ in ranked(scores) if doc_id not in top]
    lowest = min(top.values(), default=0.0)
    return {doc_id: lowest - place for place, doc_id in enumerate(others, start=1)}

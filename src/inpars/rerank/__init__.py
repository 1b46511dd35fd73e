"""Stage `rerank`: score a first stage's candidates with a model, and fuse the two."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.base import contents_of
from inpars.data.files import read_jsonl
from inpars.data.held_out import HeldOut
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.data.runs import Run, read_run, top_k, write_run
from inpars.errors import InparsError
from inpars.models.locate import locate, model_fingerprint
from inpars.models.scorers import Scorer, load_scorer
from inpars.options import parse_options
from inpars.progress import say, track
from inpars.rerank.config import RerankConfig


def search(corpus: str | Path | Corpus, queries: str | Path | list[Query], output: str | Path, **options: Any) -> Path:
    """Write the first-stage run of a test set, `top_k` documents a query; returns `output`.

    `options` are the fields of `RerankConfig`; those of the model play no part.
    """
    config = parse_options(RerankConfig, "rerank", options)
    corpus, queries = open_corpus(corpus), _queries(queries)
    used = config.model_copy(update={"family": "auto", "scheme": None, "fusion": "none", "precision": "auto"})
    artifact = Artifact(output, "search", used, {"corpus": corpus.fingerprint(), "queries": _identity(queries)})
    if artifact.is_current():
        return artifact.output
    from inpars.retrieve.bm25 import BM25

    index = BM25.of(corpus, k1=config.k1, b=config.b, language=config.language)
    artifact.begin()
    run = {query.query_id: index.search(query.text, config.top_k) for query in track(queries, "search", len(queries))}
    if not any(run.values()):
        raise InparsError("the first stage finds nothing for any query", hint=f"is the language {config.language!r}?")
    write_run(artifact.output, run, config.first_stage)
    artifact.finish(queries=len(queries), documents=sum(map(len, run.values())))
    return artifact.output


def rerank(
    corpus: str | Path | Corpus,
    queries: str | Path | list[Query],
    output: str | Path,
    *,
    model: str | Path,
    run: str | Path | None = None,
    held_out: str | Path | None = None,
    **options: Any,
) -> Path:
    """Rerank the first stage's best documents for each query with `model`; returns `output`, a TREC run.

    `run` is the first-stage run; without it the first stage is searched and its run written beside
    `output`. Unless `fusion` is "none", `<stem>_fused<suffix>` gets the fusion of the two runs. Its
    weight is chosen on the queries in the folder `held_out` (by default the model's own), and is
    `fusion.PRIOR` where there are none. `options` are the fields of `RerankConfig`.
    """
    config = parse_options(RerankConfig, "rerank", options)
    corpus, queries = open_corpus(corpus), _queries(queries)
    output = Path(output)
    if run is None:
        run = search(corpus, queries, output.with_name(f"{output.stem}.{config.first_stage}.trec"), **options)
    held_out = _held_out_folder(model, held_out)
    inputs = {
        "corpus": corpus.fingerprint(),
        "queries": _identity(queries),
        "run": fingerprint_of(Path(run)),
        "model": model_fingerprint(model),
        "held_out": fingerprint_of(held_out) if held_out else "",
    }
    artifact = Artifact(output, "rerank", config, inputs)
    if artifact.is_current():
        return artifact.output
    first_stage = {query_id: top_k(scores, config.top_k) for query_id, scores in read_run(run).items()}
    scorer = load_scorer(model, config)
    artifact.begin()
    reranked = _score_in_units(artifact, scorer, corpus, queries, first_stage, config.unit_size)
    name = artifact.output.stem
    write_run(artifact.output, reranked, name)
    facts: dict[str, Any] = {"queries": len(queries), "documents": sum(map(len, reranked.values()))}
    fused_path(artifact.output).unlink(missing_ok=True)
    if config.fusion != "none":
        facts |= _fuse(first_stage, reranked, scorer, held_out, config, fused_path(artifact.output))
    artifact.finish(**facts)
    told = f", fused with weight {facts['fusion_weight']} on the model" if "fusion_weight" in facts else ""
    say(f"rerank: {facts['documents']:,} documents for {len(queries):,} queries{told} -> {artifact.output}")
    return artifact.output


def fused_path(output: Path) -> Path:
    """Where the fused run lies that goes with a reranked one."""
    return output.with_name(f"{output.stem}_fused{output.suffix}")


def _score_in_units(
    artifact: Artifact, scorer: Scorer, corpus: Corpus, queries: list[Query], first_stage: Run, unit_size: int
) -> Run:
    stream = iter(queries)
    numbers = range(-(-len(queries) // unit_size))
    for number in track(numbers, "rerank", len(numbers)):
        texts = {query.query_id: query.text for query in islice(stream, unit_size)}
        if not artifact.unit(number).exists():
            candidates = {query_id: list(first_stage.get(query_id, ())) for query_id in texts}
            documents = contents_of(corpus, (doc_id for doc_ids in candidates.values() for doc_id in doc_ids))
            scored = scorer.score(texts, documents, candidates)
            artifact.write_unit(number, ({"query_id": q, "scores": scores} for q, scores in scored.items()))
    return {row["query_id"]: row["scores"] for unit in artifact.units() for _, row in read_jsonl(unit)}


def _fuse(
    first_stage: Run, reranked: Run, scorer: Scorer, held_out: Path | None, config: RerankConfig, output: Path
) -> dict[str, Any]:
    from inpars.rerank.fusion import PRIOR, choose_weight, fuse

    facts: dict[str, Any] = {}
    if config.fusion != "auto":
        weight = float(config.fusion)
    elif held_out is None:
        weight = PRIOR
    else:
        development = HeldOut.load(held_out)
        texts = {query.query_id: query.text for query in development.queries}
        candidates = {query_id: list(scores) for query_id, scores in development.first_stage.items()}
        # These documents have words cut out: their ids must not meet those of the corpus.
        documents = {f"\x00{doc_id}": text for doc_id, text in development.documents.items()}
        scored = scorer.score(texts, documents, {q: [f"\x00{d}" for d in ids] for q, ids in candidates.items()})
        model = {q: {doc_id[1:]: score for doc_id, score in scores.items()} for q, scores in scored.items()}
        choice = choose_weight(development.first_stage, model, development.qrels)
        weight = choice.weight
        facts["held_out_ndcg@10_by_weight"] = choice.held_out
    write_run(output, fuse(first_stage, reranked, weight), output.stem)
    return {"fusion_weight": weight, **facts}


def _queries(queries: str | Path | list[Query]) -> list[Query]:
    return queries if isinstance(queries, list) else read_queries(queries)


def _identity(queries: list[Query]) -> str:
    import hashlib

    return hashlib.sha256(orjson.dumps([(query.query_id, query.text) for query in queries])).hexdigest()


def _held_out_folder(model: str | Path, held_out: str | Path | None) -> Path | None:
    folder = Path(held_out) if held_out is not None else Path(locate(model)) / "held_out"
    if folder.is_dir():
        return folder
    if held_out is not None:
        raise InparsError(f"no held-out queries in {held_out}", hint="give the folder held_out/ of a trained model")
    return None


make_callable(__name__)

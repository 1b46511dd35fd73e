"""Stage `rerank`: score a first stage's candidates with a model, and fuse the two."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.texts import Texts
from inpars.data.files import read_jsonl
from inpars.data.hashes import hash_of
from inpars.data.held_out import HeldOut
from inpars.data.lock import locks_released
from inpars.data.outputs import check_outputs
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.data.runs import Run, write_run
from inpars.errors import InparsError, OptionError
from inpars.models.locate import locate, model_fingerprint
from inpars.models.scorers import Scorer, family_of, load_scorer
from inpars.options import parse_options
from inpars.progress import say, track
from inpars.rerank.candidates import Candidates, read_candidates
from inpars.rerank.config import RerankConfig, SearchConfig
from inpars.rerank.probability import probabilities
from inpars.retrieve import open_retriever


@locks_released()
def search(corpus: str | Path | Corpus, queries: str | Path | list[Query], output: str | Path, **options: Any) -> Path:
    """Write the first-stage run of a test set, `top_k` documents a query; returns `output`.

    `options` are the fields of `SearchConfig`. A dense first stage keeps the encoded corpus in the
    folder `index`, by default `<stem>.index` beside `output`, and encodes it anew only where corpus
    or model have changed.
    """
    config = parse_options(SearchConfig, "search", options)
    config.check()
    check_outputs((corpus, queries), Path(output))
    corpus, queries, output = open_corpus(corpus), _queries(queries), Path(output)
    inputs = {"corpus": corpus.fingerprint(), "queries": _identity(queries)}
    if config.retriever is not None:
        inputs["retriever"] = model_fingerprint(config.retriever)
    artifact = Artifact(output, "search", config, inputs)
    if artifact.is_current():
        return output
    index = open_retriever(corpus, config, output.with_name(f"{output.stem}.index"), config.scoring())
    artifact.begin()
    documents = 0

    def found() -> Iterator[tuple[str, dict[str, float]]]:
        nonlocal documents
        for query_id, scores in track(index.search_each(queries, config.top_k), "search", len(queries)):
            documents += len(scores)
            yield query_id, scores
        if not documents:
            hint = f"is the language {config.language!r}?"
            raise InparsError("the first stage finds nothing for any query", hint=hint)

    write_run(output, found(), config.first_stage)
    artifact.finish(queries=len(queries), documents=documents)
    say(f"search: {documents:,} documents for {len(queries):,} queries -> {output}")
    return output


@locks_released()
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

    `run` is the first-stage run, of which the `top_k` documents with the highest scores are taken;
    without it the first stage is searched and its run written beside `output`. Unless `fusion` is
    "none", `<stem>_fused<suffix>` gets the fusion of the two runs. Its weight is chosen on the
    queries in the folder `held_out` (by default the model's own), and is `fusion.PRIOR` where there
    are none. `options` are the fields of `RerankConfig`.
    """
    config = parse_options(RerankConfig, "rerank", options)
    output = Path(output)
    check_outputs((corpus, queries, run), output, fused_path(output))
    corpus, queries = open_corpus(corpus), _queries(queries)
    if config.probability and (config.family if config.family != "auto" else family_of(locate(model))) == "bi-encoder":
        raise OptionError(
            f"{str(model)!r} is a bi-encoder: its similarities are no probabilities of relevance",
            hint="leave out --probability, or rerank with a cross-encoder, a seq2seq model or an LLM",
        )
    if run is None:
        first = output.with_name(f"{output.stem}.{config.first_stage}.trec")
        run = search(corpus, queries, first, **config.searching().model_dump())
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
        return output
    candidates = read_candidates(run, queries, corpus, config.top_k)
    scorer = load_scorer(model, config)
    artifact.begin()
    facts = _score_in_units(artifact, scorer, corpus, queries, candidates, config.unit_size)
    shown = probabilities if config.probability else dict
    write_run(output, ((query_id, shown(scores)) for query_id, scores in _scored(artifact)), output.stem)
    fused_path(output).unlink(missing_ok=True)
    if config.fusion != "none":
        from inpars.rerank.fusion import fuse

        weight, more = _weight(scorer, held_out, config)
        facts |= {"fusion_weight": weight, **more}
        fused = ((q, fuse({q: candidates.get(q, {})}, {q: scores}, weight)[q]) for q, scores in _scored(artifact))
        write_run(fused_path(output), fused, fused_path(output).stem)
    artifact.finish(**facts)
    told = f", fused with weight {facts['fusion_weight']} on the model" if "fusion_weight" in facts else ""
    say(f"rerank: {facts['pairs']:,} documents for {len(queries):,} queries{told} -> {output}")
    return output


def fused_path(output: Path) -> Path:
    """Where the fused run lies that goes with a reranked one."""
    return output.parent / f"{output.stem}_fused{output.suffix}"


def _score_in_units(
    artifact: Artifact, scorer: Scorer, corpus: Corpus, queries: list[Query], candidates: Candidates, unit_size: int
) -> dict[str, Any]:
    """Score what is not scored yet; returns the facts about it. No more texts are held than the scorer asks for."""
    units = list(_units(queries, candidates, unit_size))
    pairs, seconds = 0, 0.0
    for number, unit in enumerate(track(units, "rerank", len(units))):
        if artifact.unit(number).exists():
            continue
        wanted = {query.query_id: list(candidates.get(query.query_id, ())) for query in unit}
        started = time.perf_counter()
        scored = scorer.score({query.query_id: query.text for query in unit}, Texts(corpus), wanted)
        seconds += time.perf_counter() - started
        pairs += sum(map(len, wanted.values()))
        _check(scored)
        artifact.write_unit(number, ({"query_id": q, "scores": scores} for q, scores in scored.items()))
    return {
        "queries": len(queries),
        "pairs": sum(candidates.count(query.query_id) for query in queries),
        # Of those that this call scored: an earlier one that was stopped had its own pace.
        "pairs_per_second": round(pairs / seconds, 1) if seconds else None,
        "engine": getattr(getattr(scorer, "engine", None), "name", None),
    }


def _check(scored: Run) -> None:
    for query_id, scores in scored.items():
        for doc_id, score in scores.items():
            if not math.isfinite(score):
                raise InparsError(
                    f"the model's score of document {doc_id!r} for query {query_id!r} is {score}",
                    hint="are its weights whole? a model made for bf16 can fail in fp16: try --precision fp32",
                )


def _units(queries: list[Query], candidates: Candidates, unit_size: int) -> Iterator[list[Query]]:
    """Queries in order, together as long as they have at most `unit_size` pairs; a query is never cut in two."""
    unit: list[Query] = []
    pairs = 0
    for query in queries:
        count = candidates.count(query.query_id)
        if unit and pairs + count > unit_size:
            yield unit
            unit, pairs = [], 0
        unit.append(query)
        pairs += count
    if unit:
        yield unit


def _scored(artifact: Artifact) -> Iterator[tuple[str, dict[str, float]]]:
    """The model's scores, query by query, from the units."""
    return ((row["query_id"], row["scores"]) for unit in artifact.units() for _, row in read_jsonl(unit))


def _weight(scorer: Scorer, held_out: Path | None, config: RerankConfig) -> tuple[float, dict[str, Any]]:
    """The model's weight in the fusion, and the facts about how it was chosen."""
    from inpars.rerank.fusion import PRIOR, choose_weight

    if config.fusion != "auto":
        return float(config.fusion), {}
    if held_out is None:
        return PRIOR, {}
    development = HeldOut.load(held_out)
    first_stage = development.first_stage
    if config.first_stage == "dense" and config.retriever is not None:
        # Candidates are BM25's whatever the first stage, the scores to be fused its own.
        first_stage = _score_held_out(load_scorer(config.retriever, config.searching().scoring()), development)
    choice = choose_weight(first_stage, _score_held_out(scorer, development), development.qrels)
    return choice.weight, {"held_out_ndcg@10_by_weight": choice.held_out}


def _score_held_out(scorer: Scorer, development: HeldOut) -> Run:
    texts = {query.query_id: query.text for query in development.queries}
    # These documents have words cut out: their ids must not meet those of the corpus.
    documents = {f"\x00{doc_id}": text for doc_id, text in development.documents.items()}
    candidates = {q: [f"\x00{doc_id}" for doc_id in scores] for q, scores in development.first_stage.items()}
    scored = scorer.score(texts, documents, candidates)
    return {q: {doc_id[1:]: score for doc_id, score in scores.items()} for q, scores in scored.items()}


def _queries(queries: str | Path | list[Query]) -> list[Query]:
    return queries if isinstance(queries, list) else read_queries(queries)


def _identity(queries: list[Query]) -> str:
    return hash_of([(query.query_id, query.text) for query in queries])


def _held_out_folder(model: str | Path, held_out: str | Path | None) -> Path | None:
    folder = Path(held_out) if held_out is not None else Path(locate(model)) / "held_out"
    if folder.is_dir():
        return folder
    if held_out is not None:
        raise InparsError(f"no held-out queries in {held_out}", hint="give the folder held_out/ of a trained model")
    return None


make_callable(__name__)

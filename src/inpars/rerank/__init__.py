"""Stage `rerank`: score a first stage's candidates with a model, and fuse the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from inpars.callable_module import make_callable
from inpars.data.artifacts import Artifact, discard, facts_of, fingerprint_of, sidecar
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.texts import Texts
from inpars.data.hashes import hash_of
from inpars.data.ids import check_whole
from inpars.data.lock import locks_released
from inpars.data.outputs import check_outputs
from inpars.data.queries import read_queries
from inpars.data.records import Query
from inpars.data.runs import read_run, top_k, write_run
from inpars.errors import InparsError, OptionError, faults_of, raise_faults, some
from inpars.models.checks import check_model
from inpars.models.locate import locate, model_fingerprint
from inpars.models.scorers import Scorer, family_of, load_scorer
from inpars.options import parse_options
from inpars.progress import say, track
from inpars.rerank.agreement import agreement_path, fused_path, rerank_held_out, scale_of, told
from inpars.rerank.candidates import read_candidates
from inpars.rerank.checks import checks
from inpars.rerank.config import LIKELIHOOD_WEIGHT, FuseConfig, RerankConfig, SearchConfig
from inpars.rerank.fusion_weight import fuse_runs
from inpars.rerank.held_out import unions_of
from inpars.rerank.likelihood import fused_with, likelihood_path, reorder
from inpars.rerank.probability import probabilities
from inpars.rerank.scoring import score_in_units, scored
from inpars.retrieve import open_retriever
from inpars.retrieve.fusion import PRIOR

if TYPE_CHECKING:
    from inpars.retrieve.dense import Dense

TIES = "trec_eval"
"""How runs break ties, among the inputs of each so that one written under another rule is written anew."""


@locks_released()
def search(corpus: str | Path | Corpus, queries: str | Path | list[Query], output: str | Path, **options: Any) -> Path:
    """Write the first-stage run of a test set, `top_k` documents a query; returns `output`.

    `options` are the fields of `SearchConfig`. A dense or hybrid first stage keeps the encoded corpus in the
    folder `index`, by default `<stem>.index` beside `output`, and encodes it anew only where corpus
    or model have changed.
    """
    config = parse_options(SearchConfig, "search", options)
    config.check()
    check_outputs((corpus, queries), Path(output))
    return _search(open_corpus(corpus), _queries(queries), Path(output), config)


@locks_released()
def search_unions(corpus: Corpus, queries: list[Query], output: Path, **options: Any) -> Path:
    """Write the run of all documents that either retriever of a hybrid first stage has among its best `top_k`.

    They have BM25's scores. `options` are the fields of `SearchConfig`; returns `output`.
    """
    return _search(corpus, queries, output, parse_options(SearchConfig, "search", options), unions=True)


def _search(corpus: Corpus, queries: list[Query], output: Path, config: SearchConfig, *, unions: bool = False) -> Path:
    config = config.for_corpus(corpus)
    inputs = {"corpus": corpus.fingerprint(), "queries": _identity(queries), "ties": TIES}
    if config.retriever is not None:
        inputs["retriever"] = model_fingerprint(config.retriever)
    artifact = Artifact(output, "search for both" if unions else "search", config, inputs)
    if artifact.is_current():
        return output
    index = open_retriever(corpus, config, output.with_name(f"{output.stem}.index"), config.scoring())
    artifact.begin()
    documents = 0
    nothing_for: list[str] = []

    def found() -> Iterator[tuple[str, dict[str, float]]]:
        nonlocal documents
        each = unions_of(index, queries, config.top_k) if unions else index.search_each(queries, config.top_k)
        for query_id, scores in track(each, "search", len(queries)):
            documents += len(scores)
            if not scores:
                nothing_for.append(query_id)
            yield query_id, scores
        if not documents:
            hint = f"are the queries of this corpus? its language was taken for {config.language!r} (--language)"
            raise InparsError("the first stage finds nothing for any query", hint=hint)

    write_run(output, found(), config.first_stage)
    artifact.finish(queries=len(queries), documents=documents)
    lacking = f" ({len(nothing_for):,} without any: {some(nothing_for)})" if nothing_for else ""
    say(f"search: {documents:,} documents for {len(queries):,} queries{lacking} -> {output}")
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
    held_out_run: Path | None = None,
    fused: Path | None = None,
    load: Callable[[], Scorer] | None = None,
    **options: Any,
) -> Path:
    """Rerank the first stage's best documents for each query with `model`; returns `output`, a TREC run.

    `run` is the first-stage run, of which the `top_k` documents with the highest scores are taken; without it the
    first stage is searched and its run written beside `output`. With first stage hybrid and no retriever, `model` must
    be a bi-encoder and searches too: candidates are BM25's `top_k` and its own, and its scores come from the encoded
    corpus. Unless `fusion` is "none", `fused` (by default `<stem>_fused<suffix>`) gets the model's scores fused with
    the first stage's (BM25's, where the model searches). The weight is chosen on the queries in the folder `held_out`
    (by default the model's own), which are reranked the same way in the folder `agreement` beside `output` (see
    `rerank_held_out`); it is `PRIOR` where there are none.
    `held_out_run` is where the first stage's run for them is kept, for models to share. `load` gives a scorer that is
    loaded already. With a `likelihood_model` the best of the fused run are put in a new order in `<fused>_likelihood`
    (see `likelihood.reorder`). `options` are the fields of `RerankConfig`.
    """
    config = parse_options(RerankConfig, "rerank", options)
    output = Path(output)
    fused = fused or fused_path(output)
    check_outputs((corpus, queries, run), output, fused)
    corpus, queries = open_corpus(corpus), _queries(queries)
    config = config.for_corpus(corpus)
    family: str | None = config.family
    if family == "auto":
        family = family_of(locate(model)) if config.probability or config.searches_itself else None
    if config.probability and family in ("bi-encoder", "likelihood"):
        scores = "similarities" if family == "bi-encoder" else "likelihoods of the query"
        raise OptionError(
            f"the scores of {str(model)!r} are {scores}, and no probabilities of relevance",
            hint="leave out --probability, or rerank with a cross-encoder, a seq2seq model or an LLM",
        )
    if config.searches_itself and family != "bi-encoder":
        raise OptionError(
            f"first_stage hybrid needs a bi-encoder, and {str(model)!r} is of the family {family}",
            hint="name one to search with: --retriever all-MiniLM-L6-v2",
        )
    if not sidecar(output).exists():
        # What is there already may do without its model.
        raise_faults(faults_of(lambda: check_model(model), *checks(config, [str(model)])))
    first = output.with_name(f"{output.stem}.{config.first_stage}.trec")
    index = first.with_name(f"{first.stem}.index")
    if run is None:
        run = _search(corpus, queries, first, config.searching(model), unions=config.searches_itself)
    held_out = _held_out_folder(model, held_out)
    load = cache(load or partial(load_for, corpus, model, config, index))
    weight: float | None = None if config.fusion in ("auto", "none") else float(config.fusion)
    if config.fusion == "auto":
        weight = LIKELIHOOD_WEIGHT if config.family == "likelihood" else PRIOR
        if held_out and config.family != "likelihood":
            # The index is the one that this first stage has, or would have.
            beside = agreement_path(output)
            rerank_held_out(
                corpus,
                held_out,
                beside,
                model=model,
                load=load,
                config=config,
                index=index,
                first=held_out_run,
                fused=agreement_path(fused),
            )
            weight = facts_of(beside)["fusion_weight"]
    inputs = {
        "corpus": corpus.fingerprint(),
        "queries": _identity(queries),
        "run": fingerprint_of(Path(run)),
        "model": model_fingerprint(model),
        "weight": str(weight),
        "ties": TIES,
    }
    artifact = Artifact(output, "rerank", config, inputs)
    if not artifact.is_current():
        _rerank(artifact, corpus, queries, run, load, config, weight, fused)
    if config.likelihood_model and weight is not None:
        reorder(corpus, queries, fused, config)
    else:
        discard(likelihood_path(fused))
    return output


def _rerank(
    artifact: Artifact,
    corpus: Corpus,
    queries: list[Query],
    run: str | Path,
    load: Callable[[], Scorer],
    config: RerankConfig,
    weight: float | None,
    fused: Path,
) -> None:
    output = artifact.output
    # Documents below those whose likelihood is asked keep their order.
    whole = read_candidates(run, queries, corpus, len(corpus) if config.family == "likelihood" else config.depth)
    candidates = whole.best(config.depth)
    load()
    artifact.begin()
    facts = score_in_units(artifact, load(), queries, Texts(corpus), candidates, config.unit_size)
    shown = probabilities if config.probability else dict
    write_run(output, ((query_id, shown(scores)) for query_id, scores in scored(artifact)), output.stem)
    fused.unlink(missing_ok=True)
    if weight is not None:
        facts["fusion_weight"] = weight
        scale = scale_of(load(), config)
        write_run(fused, fused_with(candidates, scored(artifact), [1 - weight, weight], whole, scale), fused.stem)
    artifact.finish(**facts)
    say(f"rerank: {told(facts, config.beside)} -> {output}")


def load_for(corpus: Corpus, model: str | Path, config: RerankConfig, index: Path) -> Scorer:
    """The model's scorer. One that searches too reads the corpus encoded in `config`'s place or else in `index`."""
    if not config.searches_itself:
        return load_scorer(model, config)
    searching = config.searching(model)
    return cast("Dense", open_retriever(corpus, searching.of_dense(), index, searching.scoring()))


@locks_released()
def fuse(runs: Sequence[str | Path], output: str | Path, **options: Any) -> Path:
    """Fuse TREC runs of the same queries into one; returns `output`.

    For each query the documents of all `runs` together, by the weighted sum of their standardised scores (see
    `inpars.retrieve.fusion.fuse`). `options` are the fields of `FuseConfig`.
    """
    config = parse_options(FuseConfig, "fuse", options)
    paths, output = [Path(run) for run in runs], Path(output)
    check_outputs(tuple(paths), output)
    weights = config.weights or tuple(1 / len(paths) for _ in paths)
    if len(paths) < 2 or len(weights) != len(paths):
        raise OptionError(
            f"{len(paths):,} run{'s' if len(paths) != 1 else ''} and {len(weights):,} weights",
            hint="give two runs or more, and a weight for each in their order, or none for equal ones",
        )
    inputs = {f"run {number}": fingerprint_of(path) for number, path in enumerate(paths, start=1)}
    artifact = Artifact(output, "fuse", config, inputs | {"ties": TIES})
    if artifact.is_current():
        return output
    systems = [read_run(path) for path in paths]
    anywhere = set().union(*systems)
    everywhere = anywhere.intersection(*systems)
    if not everywhere:
        raise InparsError("the runs have no query in common", hint="are they of the same queries?")
    if lacking := len(anywhere) - len(everywhere):
        say(
            f"fuse: {lacking:,} of {len(anywhere):,} queries are not in every run, and are left to those that have them"
        )
    artifact.begin()
    write_run(output, ((q, top_k(scores, config.top_k)) for q, scores in fuse_runs(systems, weights)), output.stem)
    artifact.finish(queries=len(anywhere), runs=len(paths))
    say(f"fuse: {len(paths):,} runs of {len(anywhere):,} queries -> {output}")
    return output


def _queries(queries: str | Path | list[Query]) -> list[Query]:
    if not isinstance(queries, list):
        return read_queries(queries)
    check_whole("query", (query.query_id for query in queries), "queries")
    return queries


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

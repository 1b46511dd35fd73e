"""How a run measures its models: reranking or searching for the test queries, and the figures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpars.data.artifacts import Artifact, discard, facts_of, fingerprint_of, sidecar
from inpars.data.files import write_json
from inpars.data.hashes import hash_of
from inpars.data.held_out import HeldOut
from inpars.data.qrels import Qrels
from inpars.data.runs import read_run_lines, top_k, write_run
from inpars.errors import InparsError
from inpars.models.scorers.options import Family, PromptOptions
from inpars.options import Options
from inpars.pipeline.indexes import index_of
from inpars.pipeline.steps import Context, Step
from inpars.progress import say

if TYPE_CHECKING:
    from inpars.rerank.config import RerankConfig

HELD_OUT = "held_out"
"""Where a trained model's folder has the queries that were held out of its training."""

FIRST_STAGE = Path("agreement") / "first_stage.trec"
"""Where a step's folder has the first stage's run for the held-out queries."""

METRICS, AGREEMENT = "metrics.json", "agreement.json"
"""What an evaluate step measures: systems against judgments, and their agreement with the generator of the queries."""

SYSTEMS = ("", "_fused", "_fused_likelihood", "_dense", "_hybrid", "_hybrid_likelihood")
"""What a model is measured as: reranking the first stage, fused with it, searching by itself, both together; and the
best of what is fused in the order that a language model's likelihood gives them too."""

PAIRS = (
    *((f"{model}{system}", "bm25") for model in ("base", "tuned") for system in SYSTEMS),
    *((f"tuned{system}", f"base{system}") for system in SYSTEMS),
)
"""The comparisons every run makes: each system with the first stage, each tuned one with its base."""


def run_rerank(step: Step, context: Context, folder: Path) -> Path:
    """Runs of the first stage, the base model and the tuned one, each model's also fused.

    Bi-encoders whose first stage is hybrid, with no other retriever, rerank and are fused with BM25's best as well,
    and search: `<name>_dense.trec` and, together with BM25, `<name>_hybrid.trec`. The same for the held-out queries
    lie in the folder `agreement`; without a test set there are none
    but those. A base that is no ranking model by itself, such as an encoder without a head, has no run.
    """
    from inpars.rerank.config import RerankConfig

    assert isinstance(step.options, RerankConfig)
    model, trained = context.outputs[step.input], context.steps[step.input].options.model_dump()
    trust = step.options.trust_remote_code or trained["trust_remote_code"]
    for name, path in (("base", trained["base_model"]), ("tuned", model)):
        config = step.options.model_copy(update={"trust_remote_code": trust})
        if name == "base":
            # It is asked as it was when it was trained, and reads as much; the tuned model knows by itself.
            asked = {option: trained[option] for option in ("scheme", "instruction")}
            if trained["family"] == "bi-encoder":
                asked |= {option: trained[option] for option in PromptOptions.model_fields}
            else:
                asked["max_length"] = trained["max_length"]
            config = config.model_copy(update={k: v for k, v in asked.items() if getattr(config, k) in (None, 0)})
            if not _ranks_as(path):
                for place in (folder, folder / "agreement"):
                    _remove(place, name)
                say(f"rerank: {path} is no ranking model before it is trained, so there is no base to compare with")
                continue
        elif not facts_of(model)["tuned"] and _ranks_as(trained["base_model"]) == trained["family"]:
            _take_over_base(folder / "agreement")
            if context.test_set is not None:
                _take_over_base(folder)
            continue
        if config.searches_itself:
            _search_and_rerank(name, path, config, model, context, folder)
            continue
        for place in (folder, folder / "agreement"):
            _remove(place, name, ["_dense", "_hybrid", "_hybrid_likelihood"])
        _rerank(path, config, model, context, folder / f"{name}.trec")
    return folder


def _search_and_rerank(
    name: str, path: str | Path, config: RerankConfig, model: Path, context: Context, folder: Path
) -> None:
    """The runs of a bi-encoder that is its own retriever, all from the corpus encoded once."""
    from inpars.rerank import load_for

    vectors = config.dense_index or (index_of(model) if path == model else context.folder / "index" / "dense")
    config = config.model_copy(update={"dense_index": vectors})
    load = cache(partial(load_for, context.corpus, path, config, vectors))
    of_bm25 = config.model_copy(update={"first_stage": "bm25", "likelihood_model": ""})
    _rerank(path, of_bm25, model, context, folder / f"{name}.trec", load=load)
    of_both = {"fused": folder / f"{name}_hybrid.trec", "load": load}
    _rerank(path, config, model, context, folder / f"{name}_dense.trec", **of_both)


def _rerank(path: str | Path, config: RerankConfig, model: Path, context: Context, output: Path, **given: Any) -> None:
    """The run of one model for the test queries, and for the held-out queries of the trained `model`."""
    from inpars.models.scorers import load_scorer
    from inpars.rerank import rerank
    from inpars.rerank.agreement import agreement_path, rerank_held_out

    held_out = model / HELD_OUT if (model / HELD_OUT).is_dir() else None
    # Those that the models do not search for themselves are theirs together.
    shared = None if config.searches_itself else output.parent / FIRST_STAGE
    if context.test_set is not None:
        unions = config.searches_itself
        name = f"{output.stem}.candidates" if unions else config.first_stage
        run = _search(context, output.with_name(f"{name}.trec"), config.searching(path).model_dump(), unions=unions)
        given |= {"held_out": held_out, "held_out_run": shared}
        rerank(
            context.corpus,
            context.test_set.queries,
            output,
            model=path,
            run=run,
            **given,
            **config.model_dump(),
        )
    elif held_out is not None:
        fused = {"fused": agreement_path(given["fused"])} if "fused" in given else {}
        load = given.get("load") or partial(load_scorer, path, config)
        index = output.parent / "index"
        beside = agreement_path(output)
        rerank_held_out(
            context.corpus, held_out, beside, model=path, load=load, index=index, config=config, first=shared, **fused
        )


def run_search(step: Step, context: Context, folder: Path) -> Path:
    """Runs over the whole corpus: of the first stage, and of the base model and the tuned one as retrievers.

    Without a test set they are runs of the held-out queries, in the folder `agreement`.
    """
    from inpars.rerank.agreement import agreement_path, search_held_out
    from inpars.rerank.config import SearchConfig

    assert isinstance(step.options, SearchConfig)
    model, trained = context.outputs[step.input], context.steps[step.input].options.model_dump()
    # As it was trained; the tuned model says by itself what it reads before a text.
    prompts = {option: trained[option] for option in PromptOptions.model_fields}
    trust = step.options.trust_remote_code or trained["trust_remote_code"]
    dense = {"first_stage": "dense", "trust_remote_code": trust, **dict.fromkeys(prompts)}
    systems: tuple[tuple[str, dict[str, Any]], ...] = (
        ("", {}),
        ("base", dense | prompts | {"retriever": str(trained["base_model"]), "index": None}),
        ("tuned", dense | {"retriever": str(model), "index": index_of(model)}),
    )
    for name, given in systems:
        config = SearchConfig(**step.options.model_dump() | given)
        if context.test_set is not None:
            output = folder / f"{name or config.first_stage}.trec"
            _search(context, output, config.model_dump())
        else:
            output = agreement_path(folder / f"{name}.trec") if name else folder / FIRST_STAGE
            index = output.with_name(f"{output.stem}.index")
            search_held_out(context.corpus, model / HELD_OUT, output, config=config, index=index)
    return folder


def _search(context: Context, output: Path, options: dict[str, Any], *, unions: bool = False) -> Path:
    """The run of a search, in which no query finds itself where the test queries are documents too."""
    from inpars.rerank import search, search_unions

    assert context.test_set is not None
    corpus, queries = context.corpus, context.test_set.queries
    searched = search_unions if unions else search
    if not context.finds_itself:
        return searched(corpus, queries, output, **options)
    wanted = options["top_k"]
    # One more than is wanted, so that as many are left without the query itself.
    whole = searched(corpus, queries, output.with_name(f"{output.stem}.whole.trec"), **options | {"top_k": wanted + 1})
    artifact = Artifact(output, "without_self_hits", Options(), {"run": fingerprint_of(whole), "top_k": str(wanted)})
    if not artifact.is_current():
        artifact.begin()
        found = groupby(read_run_lines(whole), key=lambda line: line[1])
        others = ((q, {doc_id: score for *_, doc_id, score in lines if doc_id != q}) for q, lines in found)
        write_run(output, ((q, scores if unions else top_k(scores, wanted)) for q, scores in others), output.stem)
        artifact.finish()
    return output


def _ranks_as(model: str | Path) -> Family | None:
    """The family that a model ranks documents as; None for one that does not. `InparsError` where it is not there."""
    from inpars.models.locate import locate, no_model, why_absent
    from inpars.models.scorers import family_of

    where = locate(model)
    if why := why_absent(where):
        raise no_model(str(model), why)
    try:
        return family_of(where)
    except InparsError:
        return None


def _remove(folder: Path, model: str, systems: Sequence[str] = SYSTEMS) -> None:
    """Take away what an earlier call left of systems that there are none of now."""
    for system in systems:
        discard(folder / f"{model}{system}.trec")


def _take_over_base(folder: Path) -> None:
    """Where the base's weights were kept, its runs are those of the tuned model."""
    for system in SYSTEMS:
        path, copy = folder / f"base{system}.trec", folder / f"tuned{system}.trec"
        if not path.exists():
            _remove(folder, "tuned", [system])
        elif not copy.exists() or fingerprint_of(copy) != fingerprint_of(path):
            shutil.copyfile(path, copy)
            if sidecar(path).exists():
                write_json(sidecar(copy), facts_of(path) | {"seconds": 0.0, "taken_from": "base"})


def first_stage_of(step: Step) -> str:
    """The first stage that a step's systems are compared with."""
    return str(getattr(step.options, "beside", step.options.model_dump()["first_stage"]))


def run_evaluate(step: Step, context: Context, folder: Path) -> Path:
    """Figures of the systems that there are runs of: against the judgments, and on the held-out queries.

    Each kind is in a file of its own, and neither takes the place of the other. Without a test set
    there is no comparison: such figures do not say which system is better.
    """
    from inpars.evaluate.exclusion import fewshot_queries

    runs = context.outputs[step.input]
    first_stage = first_stage_of(context.steps[step.input])
    names = [f"{model}{system}" for model in ("base", "tuned") for system in SYSTEMS]

    def found(place: Path, first: Path) -> dict[str, Path]:
        files = {first_stage: first} | {name: place / f"{name}.trec" for name in names}
        return {name: path for name, path in files.items() if path.exists()}

    measured = measured_in(step, context)
    if METRICS in measured and context.test_set is not None:
        systems, qrels = found(runs, runs / f"{first_stage}.trec"), context.test_set.qrels
        exclude = sorted(fewshot_queries(systems.values()) & qrels.keys())
        named = [tuple(first_stage if name == "bm25" else name for name in pair) for pair in PAIRS]
        pairs = [(system, baseline) for system, baseline in named if {system, baseline} <= systems.keys()]
        _evaluate(step, folder / METRICS, systems, qrels, pairs, exclude)
    if AGREEMENT in measured:
        # Synthetic queries are nobody's examples.
        qrels = HeldOut.load(model_behind(step, context) / HELD_OUT).qrels
        _evaluate(step, folder / AGREEMENT, found(runs / "agreement", runs / FIRST_STAGE), qrels, [], [])
    return folder


def measured_in(step: Step, context: Context) -> list[str]:
    """The files that an evaluate step writes in this call; others in its folder may be of an earlier one."""
    judged = [METRICS] if context.test_set is not None else []
    held_out = (model_behind(step, context) / HELD_OUT).is_dir()
    # With a test set the held-out queries are asked only where a fusion's weight is chosen on them.
    asked = context.test_set is None or context.steps[step.input].options.model_dump().get("fusion") == "auto"
    return [*judged, AGREEMENT] if held_out and asked else judged


def _evaluate(
    step: Step,
    output: Path,
    runs: dict[str, Path],
    qrels: Qrels,
    pairs: list[tuple[str, str]],
    exclude: list[str],
) -> None:
    from inpars.evaluate import evaluate
    from inpars.evaluate.exclusion import told

    inputs = {name: fingerprint_of(path) for name, path in runs.items()}
    inputs |= {"qrels": hash_of(qrels), "excluded": hash_of(exclude)}
    artifact = Artifact(output, "evaluate", step.options, inputs)
    if artifact.is_current():
        return
    artifact.begin()
    evaluation = evaluate(runs, qrels, pairs=pairs, exclude=exclude, **step.given())
    evaluation.save(artifact.output)
    if evaluation.excluded:
        say(f"evaluate: {told(len(evaluation.excluded))}")
    artifact.finish(queries=len(evaluation.queries), excluded=len(evaluation.excluded), systems=len(runs))


def model_behind(step: Step, context: Context) -> Path:
    """The model whose runs an evaluate step measures."""
    return context.outputs[context.steps[step.input].input]

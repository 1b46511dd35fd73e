"""The toolkit's `evaluate`: trec_eval's figures for one run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import fmean

from pydantic import Field

from inpars.data.beir import finds_itself, parts_of, without_self_hits
from inpars.data.qrels import read_qrels
from inpars.data.runs import Run, read_run
from inpars.drop_in.toolkit.datasets import Source, open_documents, open_tests
from inpars.drop_in.toolkit.exclusion import shown_queries
from inpars.drop_in.toolkit.flags import DATASET, SOURCE, Flags
from inpars.drop_in.toolkit.runs import given_run, published_run, searched_run
from inpars.errors import InputError, OptionError
from inpars.evaluate import evaluate
from inpars.evaluate.exclusion import read_excluded, told
from inpars.progress import say

MEASURES = {
    "map": "AP(rel={level})",
    "ndcg_cut_10": "nDCG@10",
    "ndcg_cut_20": "nDCG@20",
    "P_10": "P(rel={level})@10",
    "recip_rank": "RR(rel={level})",
    "recall_1000": "R(rel={level})@1000",
    "judged_10": "Judged@10",
}
"""trec_eval's names, as ir-measures has them; `level` is the grade from which a document is relevant."""

COUNTS = ("num_q", "num_ret")


class EvaluateFlags(Flags):
    """Flags of the toolkit's `evaluate`."""

    run: str = Field(
        description="TREC run, or bm25 for the dataset's BM25 run. Of a dataset in parts (cqadupstack) "
        "a folder with a run a part, or a name with {part} in it."
    )
    dataset: str = Field("msmarco", description=DATASET)
    dataset_source: Source = Field("ir_datasets", description=SOURCE)
    qrels: Path | None = Field(None, description="Judgments in place of the dataset's: BEIR's, TREC's, or a table.")
    relevance_threshold: int = Field(1, ge=1, description="Grade from which a document is relevant; nDCG takes grades.")
    json_: bool = Field(False, description="Print JSON.")
    remove_unjudged: bool = Field(False, description="Leave documents without a judgment out of the run.")
    exclude: tuple[Path, ...] = Field(
        (),
        description="Files of queries to leave out: few-shot examples, the toolkit's "
        "query_ids_to_remove_from_eval.tsv, or generated queries, which name their examples.",
    )
    keep_fewshot: bool = Field(
        False,
        description="Count the queries that were few-shot examples, which are left out otherwise: those named beside "
        "the run and in the current folder.",
    )


FLAGS = EvaluateFlags


def run(flags: EvaluateFlags) -> None:
    """Print the figures: of a dataset in parts the means over the parts, and the sums of the counts."""
    parts = parts_of(flags.dataset) if flags.qrels is None else ()
    if not parts:
        found = measured(flags, flags.dataset, flags.run)
    else:
        each = [measured(flags, f"{flags.dataset.rstrip('/')}/{part}", _run_of(flags.run, part)) for part in parts]
        say(f"evaluate: the mean over the {len(parts)} parts of {flags.dataset}")
        found = {name: fmean(one[name] for one in each) for name in MEASURES}
        found |= {name: sum(one[name] for one in each) for name in COUNTS}
    print(json.dumps(found) if flags.json_ else "\n".join(f"{name}: {value}" for name, value in sorted(found.items())))


def measured(flags: EvaluateFlags, dataset: str, spec: str) -> dict[str, float]:
    """The figures of one run on one dataset, over every judged query; means with four decimals, as trec_eval's."""
    qrels = read_qrels(flags.qrels) if flags.qrels is not None else open_tests(dataset, flags.dataset_source).qrels
    retrieved, path = _retrieved(flags, dataset, spec)
    shown = set() if flags.keep_fewshot else shown_queries(path)
    named = set[str]().union(*map(read_excluded, flags.exclude))
    if finds_itself(dataset):
        retrieved = without_self_hits(retrieved)
    if flags.remove_unjudged:
        retrieved = {q: {d: score for d, score in run.items() if d in qrels.get(q, {})} for q, run in retrieved.items()}
    names = [measure.format(level=flags.relevance_threshold) for measure in MEASURES.values()]
    found = evaluate({"run": retrieved}, qrels, exclude=shown | named, measures=names)
    if excluded := shown & set(found.excluded):
        say(f"evaluate: {told(len(excluded))}; --keep_fewshot counts them")
    if excluded := set(found.excluded) - shown:
        say(f"evaluate: {len(excluded):,} left out as --exclude says")
    values = found.systems["run"].values()
    figures: dict[str, float] = {name: round(value, 4) for name, value in zip(MEASURES, values, strict=True)}
    counted = sum(len(retrieved.get(query_id, ())) for query_id in found.queries)
    return figures | {"num_q": float(len(found.queries)), "num_ret": float(counted)}


def _retrieved(flags: EvaluateFlags, dataset: str, spec: str) -> tuple[Run, Path | None]:
    """The run, and the file it lies in; None for BM25's, which is no file of the user's."""
    if spec.lower() != "bm25" or Path(spec).is_file():
        path = given_run(spec)
        return read_run(path), path
    if (published := published_run("evaluate", dataset)) is not None:
        return read_run(published), None
    corpus, tests = open_documents(dataset, flags.dataset_source), open_tests(dataset, flags.dataset_source)
    with tempfile.TemporaryDirectory() as folder:
        return read_run(searched_run("evaluate", dataset, corpus, tests.queries, Path(folder) / "bm25.trec")), None


def _run_of(spec: str, part: str) -> str:
    if spec.lower() == "bm25":
        return spec
    if "{part}" in spec:
        return spec.replace("{part}", part)
    folder = Path(spec)
    if not folder.is_dir():
        raise OptionError(
            f"--run {spec} is one run, and the dataset has parts with a run each",
            hint="give a folder with twelve runs, named for their parts, or a name with {part} in it",
        )
    named = sorted(path for path in folder.iterdir() if path.is_file() and part in path.name)
    if len(named) != 1:
        raise InputError(folder, expected=f"one run with {part!r} in its name", found=f"{len(named)} of them")
    return str(named[0])

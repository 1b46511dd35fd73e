"""`inpars reproduce`: a published experiment carried out, and our figures set beside those that were published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from inpars import __version__
from inpars.data.beir import finds_itself
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import write_json
from inpars.data.test_sets import TestSet, open_test_set
from inpars.download import download
from inpars.errors import InparsError, OptionError
from inpars.pipeline import run_recipe
from inpars.pipeline.published import MEASURE, Experiment, experiment, published
from inpars.progress import say


@dataclass(frozen=True)
class Collection:
    """A dataset or one of its parts, opened: documents and test set."""

    spec: str
    corpus: Corpus
    test_set: TestSet


def reproduce(
    method: str,
    *,
    dataset: str,
    output: str | Path | None = None,
    corpus: str | Path | None = None,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    published_queries: bool = False,
    set: Sequence[str] = (),
    replace: bool = False,
) -> dict[str, Any]:
    """Carry out `method` (a recipe's name) for a dataset of BEIR as it was published; returns `reproduction.json`.

    The dataset comes from the ir_datasets catalogue, or from `corpus`, a local copy of it (of a dataset in parts, a
    folder with a folder a part), with `queries` and `qrels` where the copy does not bring them. `output` is the
    run directory, by default METHOD-DATASET; of a dataset in parts it holds one a part, and each figure is the
    mean over them. `published_queries` starts from those that the method's authors published. `set` changes
    options as for `run`; what is changed is written down, since the figures are then of something else. `replace`
    is that of `run`.

    `OptionError` for a method or dataset that there is not, `InparsError` where the dataset is not available.
    """
    chosen = experiment(method, dataset)
    given = str(download("queries", chosen.published_queries_name())) if published_queries else ""
    folder = Path(output) if output is not None else Path(f"{method}-{chosen.dataset}")
    found: list[dict[str, Any]] = []
    counts = {"documents": 0, "queries": 0}
    for part in chosen.parts:
        opened = open_part(chosen, part, corpus, queries, qrels)
        counts["documents"] += len(opened.corpus)
        counts["queries"] += len(opened.test_set.queries)
        recipe = chosen.recipe(len(opened.corpus), list(set), given)
        itself = finds_itself(chosen.dataset)
        run = run_recipe(recipe, opened.spec, opened.corpus, opened.test_set, folder / part, itself, replace=replace)
        found.append(run)
    value = _compared(chosen, found) | {
        "inpars": __version__,
        "corpus": str(corpus) if corpus is not None else chosen.data.corpus,
        "counts": counts,
        "differs": list(_differences(chosen, counts, list(set), published_queries)),
        "few_shot_examples_left_out": sum(each["test_set"].get("few_shot_examples", 0) for each in found),
    }
    write_json(folder / "reproduction.json", value)
    say(f"reproduce: {folder / 'reproduction.json'}")
    return value


def open_part(
    chosen: Experiment, part: str, corpus: str | Path | None, queries: str | Path | None, qrels: str | Path | None
) -> Collection:
    """A dataset ("" for the part), or one of its parts, from its catalogue or from the copy `corpus`."""
    if corpus is None and not chosen.data.corpus:
        raise OptionError(
            f"{chosen.dataset} is not public, and no catalogue has it",
            hint="give your copy of it, a BEIR folder, with --corpus",
        )
    if part and (queries is not None or qrels is not None):
        raise OptionError(
            f"{chosen.dataset} has parts, each with queries of its own",
            hint="put each part's queries.jsonl and qrels/test.tsv into its folder",
        )
    place = str(corpus) if corpus is not None else chosen.data.corpus
    spec = f"{place.rstrip('/')}/{part}" if part else place
    opened = open_corpus(spec)
    test_set = open_test_set(spec, queries, qrels)
    if test_set is None:
        raise InparsError(
            f"{spec} brings no test queries with judgments, and there is nothing to compare without them",
            hint="a BEIR folder has queries.jsonl and qrels/test.tsv; or name files: --queries, --qrels",
        )
    return Collection(spec, opened, test_set)


def _compared(chosen: Experiment, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Our figures, means over the parts, and beside each what was published, with its source."""
    data = published()
    noise = data.noise_of(chosen.dataset)
    rows = []
    for place, columns in chosen.how.compare.items():
        ours = _mean(found, *place.split("."))
        beside = []
        for column in (data.columns[name] for name in columns):
            figure = column.figures.get(chosen.dataset)
            if figure is not None:
                off = None if ours is None else round(ours - figure, 4)
                source = data.sources[column.source]
                beside.append({"about": column.about, "figure": figure, "difference": off, "source": source})
        rows.append({"system": place, "ours": ours, "published": beside})
    return {
        "method": chosen.method,
        "dataset": chosen.dataset,
        "measure": MEASURE,
        "systems": rows,
        "noise": {"here": noise, "most": data.most_noise(), "source": data.sources[data.noise.source]},
        "note": chosen.how.note,
    }


def _mean(found: list[dict[str, Any]], step: str, system: str) -> float | None:
    """The mean over the parts; None where a part did not measure the system."""
    measured = [each.get("earlier", {}).get(step, each)["systems"].get(system, {}).get(MEASURE) for each in found]
    return None if None in measured else round(fmean(measured), 4)


def _differences(chosen: Experiment, counts: dict[str, int], set: list[str], given: bool) -> Iterator[str]:
    """What is not as it was published, in words."""
    for what, count in counts.items():
        expected = getattr(chosen.data, what)
        if expected and count != expected:
            yield f"{count:,} {what} where {chosen.dataset} has {expected:,}"
    yield from (f"--set {each}" for each in set)
    if not given:
        yield from chosen.how.stand_ins
    if given:
        yield "queries from the authors, not generated"

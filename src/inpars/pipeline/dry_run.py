"""`inpars reproduce --dry-run`: what a published experiment would take. Nothing is downloaded for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from inpars.download import catalogue
from inpars.errors import OptionError
from inpars.models.locate import source
from inpars.pipeline.foresight import foresee
from inpars.pipeline.published import Experiment, experiment, published
from inpars.pipeline.reproduce import open_part


def dry_run(
    method: str,
    *,
    dataset: str,
    corpus: str | Path | None = None,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    published_queries: bool = False,
    set: Sequence[str] = (),
) -> Iterator[tuple[str, str]]:
    """Rows of what `reproduce` with the same arguments would take: what, and how much of it.

    Documents and queries of a local `corpus` are counted; without one the published counts stand, so
    that no dataset is opened. Errors as for `reproduce`.
    """
    chosen = experiment(method, dataset)
    sizes = _sizes(chosen, corpus, queries, qrels)
    documents, tests = (sum(size[place] for size in sizes) for place in (0, 1))
    given = chosen.published_queries() if published_queries else None
    file = "PUBLISHED" if given else ""
    plans = [
        foresee(chosen.recipe(size, list(set), file), size, asked, given.count if given else 0) for size, asked in sizes
    ]
    yield "documents", f"{documents:,}"
    yield "test queries", f"{tests:,}"
    if len(sizes) > 1:
        yield "parts", f"{len(sizes)}, each with documents, queries and models of its own; the steps are those of one"
    yield from ((f"step {name}", said) for name, said in plans[0].steps)
    yield "pairs to score", f"{sum(plan.pairs for plan in plans):,} at most, besides those that choose weights"
    for model in plans[0].models:
        yield "model", _told(model)
    if corpus is None:
        yield "download", f"{chosen.data.corpus}, {chosen.data.megabytes:,} MB, unless ir_datasets has it already"
    if given:
        item = catalogue().find("queries", chosen.published_queries_name())
        yield "download", f"queries {item.name}, {item.size or 'size not known'}, unless they are in the cache already"
    for cost in chosen.how.costs:
        hours = f"{tests * cost.seconds_per_query / 3600:,.1f}" if cost.seconds_per_query else cost.hours
        yield "published cost", f"{cost.what}: {hours} hours ({published().sources[cost.source]})"


def _sizes(
    chosen: Experiment, corpus: str | Path | None, queries: str | Path | None, qrels: str | Path | None
) -> list[tuple[int, int]]:
    """Documents and test queries of each part; of parts whose own counts nobody opened, the mean."""
    if corpus is not None:
        opened = [open_part(chosen, part, corpus, queries, qrels) for part in chosen.parts]
        return [(len(each.corpus), len(each.test_set.queries)) for each in opened]
    if not chosen.data.corpus:
        raise OptionError(
            f"{chosen.dataset} is not public, and no catalogue has it",
            hint="give your copy of it, a BEIR folder, with --corpus",
        )
    count = len(chosen.parts)
    # What a division leaves over is given to the first, so that the sums are right.
    (documents, more), (asked, left) = divmod(chosen.data.documents, count), divmod(chosen.data.queries, count)
    return [(documents + more, asked + left), *[(documents, asked)] * (count - 1)]


def _told(model: str) -> str:
    """A model by name, how large it is as far as that is known, and whether it lies here."""
    path = Path(source(model))
    if path.exists():
        files = path.rglob("*") if path.is_dir() else [path]
        size = sum(file.stat().st_size for file in files if file.is_file())
        return f"{model}: on this machine, {size / 1e6:,.1f} MB"
    millions = published().models.get(model)
    size_of = f"{millions:,} million parameters" if millions else "size not known"
    return f"{model}: {size_of}, {'in the cache of the Hub' if _is_cached(model) else 'to be downloaded'}"


def _is_cached(model: str) -> bool:
    """Whether the Hub's library keeps a version of the model; asked of the disk alone."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    folder = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{model.replace('/', '--')}" / "snapshots"
    return folder.is_dir() and any(folder.iterdir())

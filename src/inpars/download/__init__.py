"""Download what the authors of InPars have published: generated queries, rerankers, BM25 runs, few-shot examples."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from inpars.callable_module import make_callable
from inpars.data.files import atomic_write
from inpars.data.paths import require_place
from inpars.download.catalogue import KINDS, Item, Kind, catalogue
from inpars.errors import OptionError

__all__ = ["KINDS", "Item", "Kind", "catalogue", "download", "is_offline"]


def download(kind: str, name: str, *, output: str | Path | None = None, offline: bool = False) -> Path:
    """Bring a published file or model here once, and say where it lies.

    `kind` is queries, model, runs or fewshot; `name` is that of `inpars download --list`, in any usual spelling
    of the dataset (`v1/scifact` for `v1/scifacts`). Later calls check size and SHA-256 and download nothing.

    With `output` the file is also written there: queries as rows of ours (`SyntheticQuery.to_row`),
    the others as they are; the path returned is then that one. A model lies in the cache of the Hub's
    library, where its name finds it too. `offline` takes only what is in the cache already; so do
    INPARS_OFFLINE=1 and HF_HUB_OFFLINE=1.

    `OptionError` for what is not in the catalogue, `InparsError` for what is not available.
    """
    from inpars.download import cache, hub

    item = catalogue().find(kind, name)
    offline = offline or is_offline()
    if item.kind == "model":
        if output is not None:
            raise OptionError("output is for files; a model stays where every tool finds it", hint="leave it out")
        return hub.fetch_model(item, offline=offline)
    if output is not None:
        require_place(Path(output))
    path = cache.obtain(item, offline=offline)
    if output is None:
        return path
    output = Path(output)
    if item.kind == "queries":
        from inpars.data.queries import read_synthetic_queries, write_synthetic_queries

        write_synthetic_queries(output, read_synthetic_queries(path))
    else:
        with path.open("rb") as source, atomic_write(output) as target:
            shutil.copyfileobj(source, target)
    return output


def is_offline() -> bool:
    """Whether INPARS_OFFLINE or HF_HUB_OFFLINE forbids the network."""
    names = ("INPARS_OFFLINE", "HF_HUB_OFFLINE")
    return any(os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"} for name in names)


make_callable(__name__)

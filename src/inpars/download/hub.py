"""Files and models of the Hugging Face Hub, brought by its own library.

The library retries, checks lengths and, where the connection breaks, goes on from the byte reached;
HF_ENDPOINT, HF_HOME and HF_TOKEN are its own. What it does not do, contents and SHA-256 of single files,
the cache does.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from inpars.data.files import first_line
from inpars.download.catalogue import Item
from inpars.download.http import address_in, httpx, public
from inpars.errors import InparsError, MissingDependency
from inpars.progress import say

# Weights in the formats of other frameworks.
_OTHER_WEIGHTS = ["*.h5", "*.msgpack", "*.ot"]
_PICKLED = ["*.bin", "*.bin.index.json", "*.pt", "*.pth"]


def fetch_file(item: Item, part: Path) -> tuple[dict[str, Any], str]:
    """Bring the item's file to `part`; returns the commit and ETag, and its SHA-256 where the Hub tells it.

    `InparsError` where it is not to be had, `MissingDependency` without huggingface_hub.
    """
    library = _library()
    folder = part.with_name(f"{part.name}.hub")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with _explained(item):
            place = {"repo_type": "dataset", "endpoint": _endpoint()}
            url = library.hf_hub_url(item.repo, item.file, revision=item.revision, **place)
            told = library.get_hf_file_metadata(url)
            # By its commit, so that the file is the one that was described.
            came = library.hf_hub_download(item.repo, item.file, revision=told.commit_hash, local_dir=folder, **place)
        os.replace(came, part)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # The Hub's ETag of a large file is its SHA-256, of a small one git's own hash.
    sha256 = told.etag if re.fullmatch("[0-9a-f]{64}", told.etag or "") else ""
    return {"revision": told.commit_hash, "etag": told.etag}, sha256


def fetch_model(item: Item, *, offline: bool) -> Path:
    """The folder of a model in the Hub library's own cache, downloaded where it is not there whole.

    Of weights in several formats only safetensors are taken. `InparsError` as for a file.
    """
    library = _library()
    place = {"revision": item.revision, "endpoint": _endpoint()}
    if offline:
        for ignored in (_OTHER_WEIGHTS, _OTHER_WEIGHTS + _PICKLED):
            with contextlib.suppress(library.errors.LocalEntryNotFoundError):
                found = library.snapshot_download(item.repo, ignore_patterns=ignored, local_files_only=True, **place)
                if any(Path(found).glob("*.safetensors")) or any(Path(found).glob("*.bin")):
                    return Path(found)
        raise InparsError(
            f"offline, and the model {item.repo!r} is not whole in the Hub library's cache",
            hint=f"online: inpars download {item.kind} {item.name}",
        )
    with _explained(item):
        files = library.snapshot_download(item.repo, dry_run=True, **place)
        ignored = _left_out(file.filename for file in files)
        return Path(library.snapshot_download(item.repo, ignore_patterns=ignored, **place))


def model_size(item: Item, patience: float) -> int | None:
    """Bytes that `fetch_model` brings; None where the Hub does not tell within `patience` seconds."""
    library = _library()
    try:
        api = library.HfApi(endpoint=_endpoint())
        told = api.model_info(item.repo, revision=item.revision, files_metadata=True, timeout=patience)
    except (OSError, httpx().HTTPError):
        return None
    ignored = _left_out(file.rfilename for file in told.siblings)
    files = library.utils.filter_repo_objects(told.siblings, ignore_patterns=ignored, key=lambda file: file.rfilename)
    return sum(file.size or 0 for file in files) or None


def _left_out(names: Iterable[str]) -> list[str]:
    """Patterns of the weights that nobody needs: other frameworks', and pickled ones beside safetensors."""
    return _OTHER_WEIGHTS + (_PICKLED if any(name.endswith(".safetensors") for name in names) else [])


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError:
        raise MissingDependency("huggingface_hub", "train", "downloading from the Hugging Face Hub") from None
    return huggingface_hub


def _endpoint() -> str | None:
    # The library reads it when it is imported, which may be long before.
    return address_in("HF_ENDPOINT") or None


@contextlib.contextmanager
def _explained(item: Item) -> Iterator[None]:
    """The library's errors as ours."""
    try:
        yield
    except (OSError, httpx().HTTPError) as error:
        raise _as_ours(item, error) from None


def _as_ours(item: Item, error: Exception) -> InparsError:
    errors, address = _library().errors, public(item.address)
    missing = (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.RemoteEntryNotFoundError)
    # Where the library looked for a local copy in vain afterwards, what happened is the cause.
    for cause in (error, error.__cause__):
        if isinstance(cause, errors.GatedRepoError):
            return InparsError(f"{address}: the Hub wants a log-in for it", hint="set HF_TOKEN")
        if isinstance(cause, missing):
            there = _what_there_is(item)
            hint = f"there are: {', '.join(there)}" if there else "it may have moved"
            return InparsError(f"the Hub has nothing at {address}", hint=hint)
    return InparsError(
        f"cannot download {address}: {first_line(error)}",
        hint="run the same command again later; HF_ENDPOINT names a mirror of the Hub",
    )


def _what_there_is(item: Item) -> list[str]:
    """What the Hub has in the place of `item`, as far as it can be asked."""
    api = _library().HfApi(endpoint=_endpoint())
    try:
        if item.kind == "model":
            author, _, model = item.repo.partition("/")
            common = model.rpartition("-")[0]
            return sorted(found.id for found in api.list_models(author=author, search=common))
        files = api.list_repo_files(item.repo, repo_type="dataset", revision=item.revision)
    except (OSError, httpx().HTTPError) as error:
        say(f"download: the Hub does not say what it has: {first_line(error)}")
        return []
    end = item.file.rpartition("/")[2] if item.kind == "queries" else Path(item.file).suffix
    return sorted(file for file in files if file.endswith(end))

"""The cache of published files: each beside a record of where it came from and of its checksum."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from inpars.data.alone import alone
from inpars.data.files import file_hash, read_json, write_json
from inpars.data.places import cache_folder
from inpars.download import http, hub
from inpars.download.catalogue import Item
from inpars.download.contents import Wrong, check_contents
from inpars.errors import InparsError, InputError
from inpars.progress import say


def cached_path(item: Item) -> Path:
    """Where the file of `item` lies, or will lie once it is downloaded."""
    return cache_folder() / "published" / item.kind / f"{item.name}{item.suffix}"


def record_path(path: Path) -> Path:
    """Where the record of the cached file `path` lies: source, revision or ETag, size, SHA-256, date."""
    return path.with_name(f"{path.name}.source.json")


def obtain(item: Item, *, offline: bool) -> Path:
    """The file of `item` in the cache, downloaded unless it is there with the size and SHA-256 of its record.

    It takes its name only once its length and contents are checked. A file that was put there by hand is
    taken in after the same check. `InparsError` where it is not to be had, or `offline` and not there.
    """
    path = cached_path(item)
    fault = _fault(item, path)
    if fault is None:
        return path
    if offline:
        raise InparsError(
            f"offline, and {item.kind} {item.name!r} is not in the cache: " + (fault or f"no {path}"),
            hint=f"online: inpars download {item.kind} {item.name}; or put the file from {item.source} there by hand",
        )
    try:
        with alone(path, f"download: waiting for another process that downloads {path.name}"):
            # Another process may have brought it meanwhile.
            fault = _fault(item, path)
            if fault is None:
                return path
            if fault:
                say(f"download: {fault}; downloading it again")
            _download(item, path)
    except OSError as error:
        raise InparsError(
            f"cannot keep {path}: {error.strerror or error}", hint="INPARS_CACHE names another folder for the cache"
        ) from None
    return path


def _fault(item: Item, path: Path) -> str | None:
    """Why the cached file cannot be used: None where it can, empty where there is none."""
    if not path.is_file():
        return ""
    record = _record(path)
    if record is None:
        try:
            check_contents(item.kind, path)
            _keep_record(item, path, {"by": "found in the cache without a record"})
        except Wrong as wrong:
            return f"{path}: {wrong.message}"
        except OSError:
            pass  # A cache that cannot be written to can still be read.
        return None
    if record["source"] != item.source:
        return f"{path} comes from {record['source']}"
    size = path.stat().st_size
    if size != record["size"]:
        return f"{path} has {size:,} bytes instead of {record['size']:,}"
    return None if file_hash(path) == record["sha256"] else f"{path} has changed since it was downloaded"


def _download(item: Item, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    say(f"download: {item.kind} {item.name}" + (f", about {item.size}" if item.size else ""))
    address = item.address if item.repo else http.mirrored(item.url)
    if item.repo:
        facts, sha256 = hub.fetch_file(item, part)
    else:
        received = http.fetch(address, part)
        facts, sha256 = {"etag": received.etag, "last_modified": received.last_modified}, ""
    try:
        check_contents(item.kind, part)
        if sha256 and file_hash(part) != sha256:
            raise Wrong("it has not the SHA-256 that the Hub tells")
    except Wrong as wrong:
        http.discard(part)
        raise InparsError(
            f"{http.public(address)}: {wrong.message}", hint="nothing was kept; try again later, or from a mirror"
        ) from None
    before = _record(path)
    os.replace(part, path)
    record = _keep_record(item, path, facts)
    http.discard(part)
    if before and before["source"] == item.source and before["sha256"] != record["sha256"]:
        say(f"download: {item.name} is not what it was when it was downloaded on {before['date']}")


def _record(path: Path) -> dict[str, Any] | None:
    """The record of a cached file; None where there is none that can be read."""
    try:
        record: dict[str, Any] = read_json(record_path(path))
    except (InputError, OSError):
        return None
    return record if {"source", "size", "sha256", "date"} <= set(record) else None


def _keep_record(item: Item, path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    record = {
        "source": item.source,
        **{name: value for name, value in facts.items() if value},
        "size": path.stat().st_size,
        "sha256": file_hash(path),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    write_json(record_path(path), record)
    return record

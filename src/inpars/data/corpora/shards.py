"""Folders in which documents lie as rows of several files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from inpars.data.columns import Columns, OtherKind, RecordReader
from inpars.data.corpora.file import FileCorpus
from inpars.data.corpora.listing import Listing, is_beside
from inpars.data.fields import DOCUMENTS
from inpars.data.files import format_suffix, read_json
from inpars.data.formats import open_rows
from inpars.errors import InparsError, InputError, OptionError
from inpars.progress import say

_STATE, _SPLITS = "state.json", "dataset_dict.json"


def saved_dataset(folder: Path, columns: Columns, split: str = "") -> FileCorpus | None:
    """The corpus in a folder that `datasets` wrote (`save_to_disk`), or None where it is no such folder.

    Of a dataset with splits the one named is read, else "corpus", "train" or the first; the others are said.
    """
    if os.path.isfile(folder / _SPLITS):
        splits = list(map(str, _listed(folder / _SPLITS, "splits")))
        if split and split not in splits:
            raise InparsError(f"dataset {str(folder)!r} has no split {split!r}", hint=f"it has: {', '.join(splits)}")
        chosen = next(name for name in (split, "corpus", "train", splits[0]) if name in splits)
        if not split and splits[1:]:
            others = ", ".join(name for name in splits if name != chosen)
            say(f"{folder}: the split {chosen!r} is read, not {others}; {folder / chosen} names one")
        return saved_dataset(folder / chosen, columns)
    if not os.path.isfile(folder / _STATE):
        return None
    if split:
        raise InparsError(f"dataset {str(folder)!r} has no split {split!r}", hint="it has no splits")
    files = [item.get("filename") for item in _listed(folder / _STATE, "_data_files") if isinstance(item, dict)]
    paths = [folder / name for name in files if isinstance(name, str)]
    if not paths:
        raise InputError(folder / _STATE, expected="the names of data files", found="none")
    return FileCorpus(paths, columns, str(folder))


def documents_in(listing: Listing, columns: Columns) -> list[str]:
    """The files of rows that hold a folder's documents, by their paths in it: all of one format.

    There are none where more text files than such files lie in it. Files whose names or columns say that they hold
    something else are left out. `InputError` for about as many text files, for files of several formats, and for one
    that cannot be read as documents while others of its format can.
    """
    texts = [name for name in listing.texts if not is_beside(name)]
    if len(texts) > len(listing.tables):
        return []
    found: dict[str, list[str]] = {}
    faults: dict[str, InputError] = {}
    for name in listing.tables:
        path = listing.folder / name
        try:
            if _holds_documents(path, columns):
                found.setdefault(format_suffix(path), []).append(name)
        except OtherKind:
            continue
        except InputError as error:
            faults.setdefault(format_suffix(path), error)
    tables = [name for names in found.values() for name in names]
    if len(texts) > len(tables):
        return []
    if texts:
        raise InputError(
            listing.folder,
            expected="text files, each a document, or files of which each row is a document",
            found=f"{len(texts):,} of text (as {texts[0]}) and {len(tables):,} of rows (as {tables[0]})",
            hint="name the file that is meant, or put one kind into a folder of its own",
        )
    if len(found) > 1:
        shown = ", ".join(f"{len(names):,} {suffix or 'without one'} ({names[0]})" for suffix, names in found.items())
        raise InputError(
            listing.folder,
            expected="documents in files of one format",
            found=shown,
            hint="name the file that is meant, or put those of one format into a folder of their own",
        )
    for suffix, fault in faults.items():
        # Without any other documents, such files are what the folder is about; but .json beside a README may be
        # a program's settings, and a file without an ending anything.
        meant = suffix and (suffix != ".json" or not listing.texts)
        if suffix in found or (meant and not tables):
            raise fault
    return tables


def open_shards(listing: Listing, names: Sequence[str], columns: Columns) -> FileCorpus:
    """The corpus in these files of a folder."""
    listing.say_passed_over(names, "a file of documents", "files of documents")
    return FileCorpus([listing.folder / name for name in names], columns, str(listing.folder))


def _holds_documents(path: Path, columns: Columns) -> bool:
    """Whether the first row is a document; `InputError` where it is something else, False for a file without rows."""
    try:
        row = next(iter(open_rows(path, columns).rows()), None)
    except OptionError:
        return False
    if row is None:
        return False
    RecordReader(path, columns, DOCUMENTS).read(row.values, row.line, 1)
    return True


def _listed(path: Path, name: str) -> list[object]:
    value = read_json(path)
    listed = value.get(name) if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InputError(path, expected=f"a list {name!r}, as datasets writes it", found=str(orjson.dumps(value))[:60])
    return listed

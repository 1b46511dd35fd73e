"""From a spec string to a corpus."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from inpars.data.columns import Columns, split_columns
from inpars.data.corpora.base import Corpus
from inpars.data.corpora.file import FileCorpus
from inpars.data.corpora.folder import FolderCorpus
from inpars.data.corpora.ir_datasets import IrDatasetsCorpus, is_known
from inpars.data.corpora.listing import TEXT_FILES, list_folder
from inpars.data.corpora.shards import documents_in, open_shards, saved_dataset
from inpars.data.files import COMPRESSIONS, format_suffix
from inpars.data.formats import FORMATS
from inpars.data.paths import file_kind, unreadable
from inpars.errors import InputError, OptionError

BEIR_CORPUS_FILES = tuple(f"corpus.jsonl{suffix}" for suffix in ("", *COMPRESSIONS))

SPECS = (
    "a BEIR folder, a folder of text files (.txt, .md, .rst …) or of .jsonl, .csv or .parquet files, such a file "
    "(.gz, .zst, .bz2 or .xz too), a folder that datasets saved, ir_datasets:ID, hf:ID[:CONFIG[:SPLIT]] or python-docs"
)


def open_corpus(spec: str | os.PathLike[str] | Corpus) -> Corpus:
    """Open a corpus.

    `spec` is a BEIR folder (`corpus.jsonl` in it); a folder that `datasets` wrote (`save_to_disk`); another folder
    with text files in it or below, each a document, or with files of rows; a file of rows (`.jsonl`, `.json`, `.csv`,
    `.tsv`, `.parquet`, `.arrow`, or recognised by its content), also compressed, with
    `?id=COLUMN&title=COLUMN&text=COLUMN` where its columns have unusual names; `ir_datasets:ID`;
    `hf:ID[:CONFIG[:SPLIT]]`; `python-docs`; or an open corpus.
    Raises `InputError` or `OptionError`, which say what was expected and what was found.
    """
    if not isinstance(spec, (str, os.PathLike)):
        return spec
    spec = os.fspath(spec)
    scheme, colon, rest = spec.partition(":")
    if spec in _NAMED:
        return _NAMED[spec]()
    if colon and scheme in _SCHEMES:
        return _SCHEMES[scheme](rest)
    location, columns = split_columns(spec)
    path = Path(location)
    try:
        found = file_kind(path)
    except OSError as error:
        raise unreadable(path, error) from None
    if found == "a folder":
        return _open_folder(path, columns)
    if found != "nothing there" or format_suffix(path) in FORMATS:
        return FileCorpus([path], columns)
    if is_known(f"beir/{location}"):
        return IrDatasetsCorpus(f"beir/{location}")
    raise OptionError(f"unknown corpus {spec!r}: no such file or folder", hint=f"a corpus is {SPECS}")


def is_spec(spec: str) -> bool:
    """Whether `open_corpus` would take `spec` for a corpus, be it there or not: a name or scheme, a file, a folder.

    What ends in .json and is not there is more likely a slip of the keys.
    """
    location, _ = split_columns(spec)
    scheme, colon, _ = spec.partition(":")
    ending = format_suffix(Path(location))
    known = spec in _NAMED or bool(colon and scheme in _SCHEMES) or (ending in FORMATS and ending != ".json")
    return known or Path(location).exists() or is_known(f"beir/{location}")


def _open_folder(folder: Path, columns: Columns) -> Corpus:
    for name in BEIR_CORPUS_FILES:
        # Also what cannot be read: the error then names it.
        if os.path.lexists(folder / name):
            return FileCorpus([folder / name], columns)
    if saved := saved_dataset(folder, columns):
        return saved
    listing = list_folder(folder)
    if tables := documents_in(listing, columns):
        return open_shards(listing, tables, columns)
    if not listing.texts:
        found = ", ".join(sorted(entry.name for entry in folder.iterdir())[:8]) or "an empty folder"
        expected = (
            f"a BEIR folder with {BEIR_CORPUS_FILES[0]}, or {', '.join(TEXT_FILES)} files in it or below, "
            "or documents in .jsonl, .json, .csv, .tsv or .parquet files"
        )
        rows = next((name for name in listing.others if format_suffix(Path(name)) in FORMATS), "")
        hint = f"does one of the files hold the documents? then name that: {folder / rows}" if rows else ""
        raise InputError(folder, expected=expected, found=found, hint=hint)
    if columns.id or columns.chosen or columns.dialect:
        raise OptionError(f"{folder}: a folder of text files has no columns", hint="leave out what follows the '?'")
    listing.say_passed_over(listing.texts, "a text file", "text files")
    return FolderCorpus(folder, listing.texts)


def _huggingface(spec: str) -> Corpus:
    from inpars.data.corpora.huggingface import HuggingFaceCorpus

    location, columns = split_columns(spec)
    name, _, rest = location.partition(":")
    if Path(name).is_dir() and (saved := saved_dataset(Path(name), columns, rest.rpartition(":")[2])):
        return saved
    return HuggingFaceCorpus(location, columns)


def _python_docs() -> Corpus:
    from inpars.data.corpora.python_docs import open_python_docs

    return open_python_docs()


_SCHEMES: dict[str, Callable[[str], Corpus]] = {"ir_datasets": IrDatasetsCorpus, "hf": _huggingface}
_NAMED: dict[str, Callable[[], Corpus]] = {"python-docs": _python_docs}

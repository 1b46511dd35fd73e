"""From a spec string to a corpus."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from inpars.data.columns import Columns, split_columns
from inpars.data.corpora.base import Corpus
from inpars.data.corpora.file import FileCorpus
from inpars.data.corpora.folder import TEXT_FILES, FolderCorpus
from inpars.data.corpora.ir_datasets import IrDatasetsCorpus, is_known
from inpars.data.files import COMPRESSIONS, format_suffix
from inpars.data.formats import FORMATS
from inpars.data.paths import file_kind, unreadable
from inpars.errors import InputError, OptionError

BEIR_CORPUS_FILES = tuple(f"corpus.jsonl{suffix}" for suffix in ("", *COMPRESSIONS))

SPECS = (
    "a BEIR folder, a folder of .txt/.md/.rst files, a .jsonl/.csv/.tsv/.parquet file (.gz or .zst too), "
    "ir_datasets:ID, hf:ID[:CONFIG[:SPLIT]] or python-docs"
)


def open_corpus(spec: str | os.PathLike[str] | Corpus) -> Corpus:
    """Open a corpus.

    `spec` is a BEIR folder (`corpus.jsonl` in it); another folder with `.txt`, `.md` or `.rst` files in
    it or below, each a document; a `.jsonl`, `.csv`, `.tsv` or `.parquet` file, also `.gz` or `.zst`,
    with `?id=COLUMN&title=COLUMN&text=COLUMN` where its columns have unusual names; `ir_datasets:ID`;
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
        return FileCorpus(path, columns)
    if is_known(f"beir/{location}"):
        return IrDatasetsCorpus(f"beir/{location}")
    raise OptionError(f"unknown corpus {spec!r}: no such file or folder", hint=f"a corpus is {SPECS}")


def is_spec(spec: str) -> bool:
    """Whether `open_corpus` would take `spec` for a corpus, be it there or not: a name or scheme, a file, a folder."""
    location, _ = split_columns(spec)
    scheme, colon, _ = spec.partition(":")
    known = spec in _NAMED or bool(colon and scheme in _SCHEMES) or format_suffix(Path(location)) in FORMATS
    return known or Path(location).exists() or is_known(f"beir/{location}")


def _open_folder(folder: Path, columns: Columns) -> Corpus:
    for name in BEIR_CORPUS_FILES:
        # Also what cannot be read: the error then names it.
        if os.path.lexists(folder / name):
            return FileCorpus(folder / name, columns)
    corpus = FolderCorpus(folder)
    if not corpus.files:
        listing = ", ".join(sorted(entry.name for entry in folder.iterdir())[:8]) or "an empty folder"
        expected = f"a BEIR folder with {BEIR_CORPUS_FILES[0]}, or {', '.join(TEXT_FILES)} files in it or below"
        raise InputError(folder, expected=expected, found=listing)
    if columns.chosen:
        raise OptionError(f"{folder}: a folder of text files has no columns", hint="leave out what follows the '?'")
    return corpus


def _huggingface(spec: str) -> Corpus:
    from inpars.data.corpora.huggingface import HuggingFaceCorpus

    location, columns = split_columns(spec)
    return HuggingFaceCorpus(location, columns)


def _python_docs() -> Corpus:
    from inpars.data.corpora.python_docs import open_python_docs

    return open_python_docs()


_SCHEMES: dict[str, Callable[[str], Corpus]] = {"ir_datasets": IrDatasetsCorpus, "hf": _huggingface}
_NAMED: dict[str, Callable[[], Corpus]] = {"python-docs": _python_docs}

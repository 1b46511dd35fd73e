"""Outputs that would take the place of what is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.columns import split_columns
from inpars.data.corpora.base import Corpus
from inpars.data.corpora.file import FileCorpus
from inpars.data.paths import require_place
from inpars.errors import OptionError


def check_outputs(inputs: tuple[Any, ...], *outputs: Path) -> None:
    """`OptionError` where an output is a file that is read, however the two are spelled, or cannot be written at all.

    A kill would lose what was read, and a second call would read what the first has written. Among `inputs`
    are paths, specs and open corpora; anything else (None, queries in memory, a catalogue's name) is no file.
    """
    for output in outputs:
        require_place(output)
    for file in (file for source in inputs for file in _files_of(source) if file.is_file()):
        for output in outputs:
            if output.resolve() == file.resolve():
                raise OptionError(
                    f"writing {output} would take the place of the input {file}", hint="name another output"
                )


def _files_of(source: Any) -> Iterator[Path]:
    if isinstance(source, FileCorpus):
        yield from source.paths
    if isinstance(source, Corpus):
        source = source.name
    if not isinstance(source, (str, Path)):
        return
    path = Path(split_columns(str(source))[0])
    # Of a BEIR folder these are read; other files in it may well be outputs of ours.
    yield from (path / "corpus.jsonl", path / "queries.jsonl") if path.is_dir() else (path,)

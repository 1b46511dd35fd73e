"""What lies in a folder of documents: text files, files of rows, and what is neither."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inpars.data.files import format_suffix
from inpars.data.formats import FORMATS
from inpars.data.paths import file_kind, unreadable
from inpars.errors import InputError
from inpars.progress import say

MARKDOWN_FILES = (".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdx", ".rmd", ".qmd")
TEXT_FILES = (".txt", ".text", *MARKDOWN_FILES, ".rst")

_NAMED = 5
# What a run directory and a trained model have in them: a README.md of ours is no document.
_OUTPUTS: tuple[set[str], ...] = ({"recipe.yaml", "manifest.json"}, {"inpars.json"})
_META = ".meta.json"
# Beside what is open in it, Office keeps `~$report.txt`.
_HIDDEN = (".", "~$")
# Texts that tell of the files beside them.
_ABOUT = re.compile(
    r"(readme|licen[cs]e|copying|notice|changelog|citation|contributing|dataset_?card)\b", re.IGNORECASE
)
# Files of rows that are no documents, by their names: MS MARCO's and BEIR's lie beside the collection.
_OF_OTHER_KIND = re.compile(
    r"(^|[^a-z])(quer(y|ies)|topics?|qrels?|judge?ments?|triples?|runs?|top1000|fewshot|dataset_infos?)([^a-z]|$)",
    re.IGNORECASE,
)


@dataclass
class Listing:
    """The files in a folder and below it, by their paths from it with forward slashes, sorted."""

    folder: Path
    texts: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    """Files whose ending is that of rows, or that have none but that of their compression."""
    others: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    no_files: list[str] = field(default_factory=list)
    """What might be meant as a file and is none, with what it is."""

    def say_passed_over(self, read: Sequence[str], one: str, many: str) -> None:
        """Say what of the folder is not `read`, as a warning where that is nearly all.

        `one` and `many` are what the files read are: "a text file", "text files".
        """
        taken = set(read)
        rest = [name for name in (*self.texts, *self.tables, *self.others) if name not in taken]
        endings = Counter(Path(name).suffix.lower() or "without an ending" for name in rest)
        shown = ", ".join(
            f"{count:,} {ending}" for ending, count in sorted(endings.items(), key=lambda e: (-e[1], e[0]))
        )
        parts = [
            _passed_over(len(rest), f"file that is not {one}", f"files that are not {many}", shown),
            _passed_over(len(self.hidden), "hidden entry", "hidden entries", _first(self.hidden)),
            _passed_over(len(self.outputs), "output of inpars", "outputs of inpars", _first(self.outputs)),
        ]
        if any(parts):
            few = len(rest) > 4 * len(read)
            warning = f"warning: only {len(read):,} of {len(read) + len(rest):,} files will be read: " if few else ""
            say(f"{self.folder}: {warning}{'; '.join(filter(None, parts))}")
        if self.no_files:
            entries = "1 entry" if len(self.no_files) == 1 else f"{len(self.no_files):,} entries"
            say(f"{entries} of {self.folder} left out: {_first(sorted(self.no_files))}")


def _passed_over(count: int, one: str, many: str, shown: str) -> str:
    return f"{count:,} {f'{one} is' if count == 1 else f'{many} are'} passed over ({shown})" if count else ""


def is_beside(name: str) -> bool:
    """Whether a text file belongs to files of documents beside it, as a README does, or `queries.txt`."""
    file = name.rpartition("/")[2]
    return bool(_ABOUT.match(file) or (_OF_OTHER_KIND.search(file) and not file.lower().endswith(MARKDOWN_FILES)))


def list_folder(folder: Path) -> Listing:
    """What lies in a folder and below it; `InputError` where it cannot be read."""
    found = Listing(folder)
    for place, folders, names in os.walk(folder, onerror=_refuse):
        inside = Path(place).relative_to(folder)
        if any(marks <= set(names) for marks in _OUTPUTS):
            found.outputs.append(inside.as_posix())
            folders.clear()
            continue
        found.hidden += ((inside / name).as_posix() for name in (*folders, *names) if name.startswith(_HIDDEN))
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        ours = _our_outputs(names)
        for name in (*links, *names):
            if not name.startswith(_HIDDEN):
                _add(found, Path(place) / name, (inside / name).as_posix(), name in ours)
    for kind in (found.texts, found.tables, found.others, found.hidden, found.outputs):
        kind.sort()
    return found


def _add(found: Listing, path: Path, inside: str, ours: bool) -> None:
    try:
        kind = file_kind(path)
    except OSError as error:
        raise unreadable(path, error) from None
    if kind != "a file":
        found.no_files.append(f"{inside} ({'a link to a folder' if kind == 'a folder' else kind})")
    elif path.name.lower().endswith(TEXT_FILES):
        found.texts.append(inside)
    elif ours:
        found.outputs.append(inside)
    elif (format_suffix(path) in FORMATS or not format_suffix(path)) and not _OF_OTHER_KIND.search(path.name):
        found.tables.append(inside)
    else:
        found.others.append(inside)


def _our_outputs(names: list[str]) -> set[str]:
    """Files that a stage wrote, told by the sidecars that lie beside them, and their side files."""
    sidecars = [name for name in names if name.endswith(_META)]
    outputs = [name.removesuffix(_META) for name in sidecars]
    stems = tuple(f"{Path(name).stem}." for name in outputs)
    return {*sidecars, *outputs, *(name for name in names if stems and name.startswith(stems))}


def _first(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _refuse(error: OSError) -> None:
    raise InputError(error.filename, expected="a readable folder", found=str(error.strerror))

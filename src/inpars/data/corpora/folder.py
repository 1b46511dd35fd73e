"""A corpus in a folder of plain text files, each a document."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from inpars.data.corpora.base import IndexedCorpus
from inpars.data.files import decode, digest_of, read_lines
from inpars.data.records import Document
from inpars.errors import InputError

TEXT_FILES = (".txt", ".md", ".rst")

_HEADING = re.compile(r"#{1,6}[ \t]+(.*\S)")
# What a line of a run, which is UTF-8 and divided by blanks, cannot hold; and the sign that stands in its place.
_UNFIT = re.compile(r"[\s%\udc80-\udcff]")
# What a run directory and a trained model have in them: a README.md of ours is no document.
_OUTPUTS: tuple[set[str], ...] = ({"recipe.yaml", "manifest.json"}, {"inpars.json"})


class FolderCorpus(IndexedCorpus):
    """The `.txt`, `.md` and `.rst` files of a folder and of those below it; of them all, only the paths are held.

    The id is the path from the folder with forward slashes, in which a blank is `%20` and a percent sign `%25`, as
    in a URL; documents stand in the order of their paths. The title is the Markdown heading that a file begins
    with, if it does. Passed over are empty files, what is hidden, folders that are links, and outputs of ours.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__(str(folder))
        self.folder = Path(folder)
        self.files = sorted(_text_files(self.folder))
        self._fingerprint = ""

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for position in range(len(self.files)):
            document = self._fetch(position)
            if document.contents:
                yield position, position + 1, document

    def _fetch(self, locator: int) -> Document:
        file = self.folder / self.files[locator]
        text = "".join(decode(file, number, line) for number, _, line in read_lines(file)).strip()
        heading = _HEADING.match(text)
        return Document(
            doc_id=_UNFIT.sub(lambda found: quote(found[0], errors="surrogateescape"), self.files[locator]),
            title=heading[1] if heading else "",
            text=text[heading.end() :].strip() if heading else text,
        )

    def fingerprint(self) -> str:
        """SHA-256 over the path and the bytes of each file."""
        if not self._fingerprint:
            self._fingerprint = digest_of(self.folder, self.files).hexdigest()
        return self._fingerprint


def _text_files(folder: Path) -> Iterator[str]:
    """The path from `folder` of every text file in it or below, with forward slashes."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        if any(marks <= set(names) for marks in _OUTPUTS):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(TEXT_FILES) and not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _refuse(error: OSError) -> None:
    raise InputError(error.filename, expected="a readable folder", found=str(error.strerror))

"""A corpus in a folder of plain text files, each a document."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from inpars.data.corpora.base import IndexedCorpus
from inpars.data.files import decode, digest_of, read_lines
from inpars.data.paths import file_kind, unreadable
from inpars.data.records import Document
from inpars.errors import InputError
from inpars.progress import say

TEXT_FILES = (".txt", ".md", ".rst")

_NAMED = 5
_HEADING = re.compile(r"#{1,6}[ \t]+(.*\S)")
# What a line of a run, which is UTF-8 and divided by blanks, cannot hold; and the sign that stands in its place.
_UNFIT = re.compile(r"[\s%\udc80-\udcff]")
# What a run directory and a trained model have in them: a README.md of ours is no document.
_OUTPUTS: tuple[set[str], ...] = ({"recipe.yaml", "manifest.json"}, {"inpars.json"})


class FolderCorpus(IndexedCorpus):
    """The `.txt`, `.md` and `.rst` files of a folder and of those below it; of them all, only the paths are held.

    The id is the path from the folder with forward slashes, in which a blank is `%20` and a percent sign `%25`, as
    in a URL; documents stand in the order of their paths. The title is the Markdown heading that a file begins
    with, if it does. Passed over are empty files, what is hidden and outputs of ours; passed over and named are links
    to folders or to nothing, and what is no file, such as a FIFO.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__(str(folder))
        self.folder = Path(folder)
        left_out: list[str] = []
        self.files = sorted(_text_files(self.folder, left_out))
        if left_out:
            more = ", …" if len(left_out) > _NAMED else ""
            entries = "1 entry" if len(left_out) == 1 else f"{len(left_out):,} entries"
            say(f"{entries} of {folder} left out: {', '.join(sorted(left_out)[:_NAMED])}{more}")
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


def _text_files(folder: Path, left_out: list[str]) -> Iterator[str]:
    """The path from `folder` of every text file in it or below, with forward slashes.

    `left_out` gets what might be meant as one and is no file, with what it is.
    """
    for place, folders, names in os.walk(folder, onerror=_refuse):
        if any(marks <= set(names) for marks in _OUTPUTS):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*links, *names):
            path = Path(place) / name
            if name.startswith("."):
                continue
            try:
                kind = file_kind(path)
            except OSError as error:
                raise unreadable(path, error) from None
            inside = path.relative_to(folder).as_posix()
            if kind != "a file":
                left_out.append(f"{inside} ({'a link to a folder' if kind == 'a folder' else kind})")
            elif name.lower().endswith(TEXT_FILES):
                yield inside


def _refuse(error: OSError) -> None:
    raise InputError(error.filename, expected="a readable folder", found=str(error.strerror))

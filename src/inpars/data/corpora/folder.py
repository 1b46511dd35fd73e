"""A corpus in a folder of plain text files, each a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from inpars.data.corpora.base import IndexedCorpus
from inpars.data.corpora.listing import list_folder
from inpars.data.corpora.markdown import PLAIN, plain_title_and_text, title_and_text
from inpars.data.files import digest_of, read_document
from inpars.data.records import Document
from inpars.progress import say

# What a line of a run, which is UTF-8 and divided by blanks, cannot hold; and the sign that stands in its place.
_UNFIT = re.compile(r"[\s%\udc80-\udcff]")


class FolderCorpus(IndexedCorpus):
    """The text files (`listing.TEXT_FILES`) of a folder and of those below it; of them all, only the paths are held.

    The id is the path from the folder with forward slashes, in which a blank is `%20` and a percent sign `%25`, as
    in a URL; documents stand in the order of their paths. Of titles see `markdown.title_and_text`. Files without any
    text are no documents; how many there are is said.
    """

    def __init__(self, folder: str | Path, files: list[str] | None = None) -> None:
        """`files` are paths from the folder; by default all the text files in it."""
        super().__init__(str(folder))
        self.folder = Path(folder)
        self.files = list_folder(self.folder).texts if files is None else files
        self._empty: int | None = None
        self._fingerprint = ""

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        empty = 0
        for position in range(len(self.files)):
            document = self._fetch(position)
            if document.contents:
                yield position, position + 1, document
            else:
                empty += 1
        if empty and self._empty is None:
            files = "1 file that has no text is" if empty == 1 else f"{empty:,} files that have no text are"
            say(f"{self.folder}: {files} passed over")
        self._empty = empty

    def _fetch(self, locator: int) -> Document:
        name = self.files[locator]
        title, text = title_and_text(read_document(self.folder / name), Path(name).suffix.lower())
        doc_id = _UNFIT.sub(lambda found: quote(found[0], errors="surrogateescape"), name)
        return Document(doc_id=doc_id, title=title, text=text)

    def fingerprint(self) -> str:
        """SHA-256 over the path and the bytes of each file, and over titles that were once read in another way."""
        if not self._fingerprint:
            digest = digest_of(self.folder, self.files)
            for name in self.files:
                if name.lower().endswith(PLAIN):
                    # The same by both ways.
                    continue
                text = read_document(self.folder / name)
                now = title_and_text(text, Path(name).suffix.lower())
                if now != plain_title_and_text(text):
                    digest.update(f"{name}\x1f{now[0]}\x1e".encode(errors="surrogateescape"))
            self._fingerprint = digest.hexdigest()
        return self._fingerprint

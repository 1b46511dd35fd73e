"""Corpora that lie on the Hugging Face Hub or in its `datasets` layout on disk (`hf:BeIR/scifact:corpus`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.columns import DOCUMENT_IDS, DOCUMENT_TEXTS, Columns
from inpars.data.corpora.base import IndexedCorpus
from inpars.data.files import first_line
from inpars.data.hub import dataset_in_cache, is_offline, unreachable
from inpars.data.records import Document
from inpars.errors import InparsError, MissingDependency


class HuggingFaceCorpus(IndexedCorpus):
    """`hf:ID[:CONFIG[:SPLIT]]`; memory-mapped, so the locator is the row number.

    Without a configuration, one called "corpus" is taken where there is one (the BEIR layout);
    without a split, the one called like the configuration, "corpus" or "train", else the first.
    """

    def __init__(self, spec: str, columns: Columns | None = None) -> None:
        super().__init__(f"hf:{spec}")
        self.columns = columns or Columns()
        self._rows_table = _load(spec)

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for position, row in enumerate(self._rows_table):
            yield position, position + 1, self._document(row, position + 1)

    def _fetch(self, locator: int) -> Document:
        return self._document(self._rows_table[locator], locator + 1)

    def _document(self, row: dict[str, Any], line: int) -> Document:
        path = Path(self.name)
        return Document(
            doc_id=self.columns.read_id(row, path, line, DOCUMENT_IDS),
            title=self.columns.read_title(row, path, line),
            text=self.columns.read_text(row, path, line, DOCUMENT_TEXTS),
        )

    def fingerprint(self) -> str:
        """The library's own fingerprint of the table."""
        return f"{self._rows_table._fingerprint}:{self.columns}"


def _load(spec: str) -> Any:
    name, _, rest = spec.partition(":")
    if not Path(name).exists() and not is_offline() and not dataset_in_cache(name) and (why := unreachable()):
        raise InparsError(
            f"cannot load the dataset {name!r}: there is no such folder, and {why}",
            hint="hf:ID[:CONFIG[:SPLIT]], where ID is a dataset on the Hub or a local folder",
        )
    try:
        import datasets
    except ImportError:
        raise MissingDependency("datasets", "train", f"the corpus 'hf:{spec}'") from None
    config, _, split = rest.partition(":")
    try:
        if not config and "corpus" in datasets.get_dataset_config_names(name):
            config = "corpus"
        loaded = datasets.load_dataset(name, config or None)
    except Exception as error:
        raise InparsError(
            f"cannot load the dataset {name!r}: {first_line(error)}",
            hint="hf:ID[:CONFIG[:SPLIT]], where ID is a dataset on the Hub or a local folder",
        ) from error
    if split and split not in loaded:
        raise InparsError(f"dataset {name!r} has no split {split!r}", hint=f"it has: {', '.join(loaded)}")
    preferred = [s for s in (split, config, "corpus", "train") if s in loaded]
    return loaded[preferred[0] if preferred else next(iter(loaded))]

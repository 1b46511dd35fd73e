"""Corpora on the Hugging Face Hub (`hf:BeIR/scifact:corpus`), or in a folder that is laid out like one there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inpars.data.columns import Columns, RecordReader
from inpars.data.corpora.base import IndexedCorpus
from inpars.data.fields import DOCUMENTS
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
        self._reader = RecordReader(Path(self.name), self.columns, DOCUMENTS)
        self._rows_table = _load(spec)

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for position, row in enumerate(self._rows_table):
            yield position, position + 1, self._document(row, position + 1)

    def _fetch(self, locator: int) -> Document:
        return self._document(self._rows_table[locator], locator + 1)

    def _document(self, row: dict[str, Any], line: int) -> Document:
        doc_id, title, text = self._reader.read(row, line, line)
        return Document(doc_id, text, title)

    def fingerprint(self) -> str:
        """The library's own fingerprint of the table, with the columns that are read."""
        reading = self._reader.reading(self._rows_table[0], 1) if len(self._rows_table) else ""
        return ":".join(filter(None, (f"{self._rows_table._fingerprint}:{self.columns}", reading)))


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

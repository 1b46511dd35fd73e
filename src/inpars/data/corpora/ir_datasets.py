"""Corpora, queries and qrels of the ir_datasets catalogue (`ir_datasets:beir/scifact`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from inpars.data.corpora.base import IndexedCorpus
from inpars.data.qrels import Qrels
from inpars.data.records import Document, Query
from inpars.errors import InparsError, MissingDependency, OptionError


def load(dataset_id: str) -> Any:
    """The ir_datasets dataset called `dataset_id`, or BEIR's of that name (`scifact`, `beir/scifact`)."""
    try:
        import ir_datasets
    except ImportError:
        raise MissingDependency("ir_datasets", "ir-datasets", f"the corpus {dataset_id!r}") from None
    for candidate in (dataset_id, f"beir/{dataset_id}"):
        try:
            return ir_datasets.load(candidate)
        except KeyError:
            continue
    close = difflib.get_close_matches(dataset_id, ir_datasets.registry, n=3)
    suggestion = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise OptionError(
        f"unknown ir_datasets dataset {dataset_id!r}", hint=f"{suggestion}all of them: https://ir-datasets.com"
    )


def is_known(dataset_id: str) -> bool:
    """Whether ir_datasets is installed and has a dataset of that very name."""
    try:
        import ir_datasets
    except ImportError:
        return False
    return dataset_id in ir_datasets.registry


class IrDatasetsCorpus(IndexedCorpus):
    """The documents of an ir_datasets dataset; look-up goes through the library's own document store."""

    def __init__(self, dataset_id: str) -> None:
        super().__init__(f"ir_datasets:{dataset_id}")
        self._dataset = load(dataset_id)
        if not self._dataset.has_docs():
            raise InparsError(f"ir_datasets dataset {dataset_id!r} has no documents")

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for position, row in enumerate(self._dataset.docs_iter()):
            yield position, position + 1, _document(row)

    def _fetch(self, locator: int) -> Document:
        return _document(self._dataset.docs_iter()[locator])

    def _find(self, doc_id: str) -> Document | None:
        try:
            return _document(self._dataset.docs_store().get(doc_id))
        except KeyError:
            return None

    def fingerprint(self) -> str:
        """The dataset's id and size: the catalogue's data are fixed by hash."""
        return f"{self._dataset.dataset_id()}:{len(self)}"


def queries_of(dataset_id: str) -> list[Query] | None:
    """The dataset's test queries, or None where it has none."""
    dataset = _judged(dataset_id)
    if not dataset.has_queries():
        return None
    return [Query(str(row.query_id), row.default_text()) for row in dataset.queries_iter()]


def qrels_of(dataset_id: str) -> Qrels | None:
    """The dataset's relevance judgments, or None where it has none."""
    dataset = _judged(dataset_id)
    if not dataset.has_qrels():
        return None
    qrels: Qrels = {}
    for row in dataset.qrels_iter():
        qrels.setdefault(str(row.query_id), {})[str(row.doc_id)] = int(row.relevance)
    return qrels


def _judged(dataset_id: str) -> Any:
    """The dataset, or its part `/test` where only that has judgments, as most of BEIR's."""
    import ir_datasets

    dataset = load(dataset_id)
    test = f"{dataset.dataset_id()}/test"
    return ir_datasets.load(test) if not dataset.has_qrels() and test in ir_datasets.registry else dataset


def _document(row: Any) -> Document:
    # Fields differ between datasets; `default_text` is the library's own choice of what to search.
    title = getattr(row, "title", None) or ""
    text = getattr(row, "text", None)
    if text is None:
        return Document(doc_id=str(row.doc_id), text=row.default_text())
    return Document(doc_id=str(row.doc_id), title=title, text=text)

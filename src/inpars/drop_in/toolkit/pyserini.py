"""Documents, queries and judgments of Pyserini's prebuilt BEIR indexes, where Pyserini and a Java are installed."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

from inpars.data.corpora.base import IndexedCorpus
from inpars.data.records import Document, Query
from inpars.data.test_sets import TestSet
from inpars.errors import InparsError, OptionError

_HINT = "pip install pyserini, with a Java 21 on the path; or take the documents from --dataset_source ir_datasets"


class PrebuiltIndex(IndexedCorpus):
    """The stored documents of a Lucene index, in the order of their internal numbers."""

    def __init__(self, name: str, searcher: Any) -> None:
        """`searcher` is a `LuceneSearcher`: `num_docs`, and `doc` by id or by internal number."""
        super().__init__(f"pyserini:{name}")
        self._searcher = searcher

    def _rows(self) -> Iterator[tuple[int, int, Document]]:
        for number in range(self._searcher.num_docs):
            yield number, number + 1, self._fetch(number)

    def _fetch(self, locator: int) -> Document:
        return _document(self._searcher.doc(locator))

    def _find(self, doc_id: str) -> Document | None:
        found = self._searcher.doc(doc_id)
        return None if found is None else _document(found)

    def fingerprint(self) -> str:
        """The index's name and size: the catalogue's indexes are fixed by hash."""
        return f"{self.name}:{self._searcher.num_docs}"


def open_prebuilt(dataset: str) -> PrebuiltIndex:
    """The documents of a BEIR dataset, from its flat index, which Pyserini downloads once."""
    searcher = _module("pyserini.search.lucene").LuceneSearcher.from_prebuilt_index(index_name(dataset))
    if searcher is None:
        raise OptionError(f"Pyserini has no prebuilt index {index_name(dataset)!r}", hint="--dataset is a BEIR name")
    return PrebuiltIndex(dataset, searcher)


def test_set(dataset: str) -> TestSet:
    """The test queries of a BEIR dataset and their judgments."""
    search, name = _module("pyserini.search"), f"beir-v1.0.0-{_joined(dataset)}-test"
    try:
        topics, judged = search.get_topics(name), search.get_qrels(name)
    except (ValueError, KeyError):
        raise OptionError(f"Pyserini has no topics {name!r}", hint="--dataset is a BEIR name") from None
    qrels = {str(q): {str(d): int(grade) for d, grade in grades.items()} for q, grades in judged.items()}
    queries = [Query(str(q), str(fields["title"]).strip()) for q, fields in topics.items()]
    return TestSet([query for query in queries if query.query_id in qrels], qrels, f"pyserini:{name}")


def index_name(dataset: str) -> str:
    """What Pyserini calls the index in which title and text are one field."""
    return f"beir-v1.0.0-{_joined(dataset)}.flat"


def _joined(dataset: str) -> str:
    return dataset.replace("/", "-")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InparsError(f"--dataset_source pyserini cannot be used here: {error}", hint=_HINT) from None
    except Exception as error:
        # The bridge to Java has no error of its own for a Java that is missing or too old.
        raise InparsError(f"--dataset_source pyserini: Java does not start ({error})", hint=_HINT) from None


def _document(found: Any) -> Document:
    raw = json.loads(found.raw())
    return Document(str(found.docid()), str(raw.get("text") or raw.get("contents") or ""), str(raw.get("title") or ""))

"""The documents of a generation, unit by unit: what is to be asked, and what has come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from inpars.data.artifacts import Artifact
from inpars.data.files import read_jsonl
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document
from inpars.generate.backends import Written
from inpars.generate.look import Look


@dataclass
class _Unit:
    """One unit under way: its documents in order, and what has come of each so far."""

    doc_ids: list[str]
    written: dict[str, Written] = field(default_factory=dict)


class Units:
    """Hands out the documents that lack a result and files the results, each unit once it is whole.

    A unit is four files: the queries, `dropped`, `errors` and `usage`. The queries are written last,
    so that a unit counts as there only with all of them. Answers may come in any order; units are
    kept in memory from their first document handed out to their last one answered.
    """

    def __init__(self, artifact: Artifact, documents: Iterator[Document], size: int, look: Look) -> None:
        """`look` sees what was written before, and may raise before more is handed out."""
        self._artifact = artifact
        self._look = look
        self._documents = documents
        self._size = size
        self._open: dict[int, _Unit] = {}
        self._unit_of: dict[str, int] = {}
        self.read = 0

    @property
    def waiting(self) -> int:
        """Documents handed out, or to be, that are not answered yet."""
        return sum(len(unit.doc_ids) - len(unit.written) for unit in self._open.values())

    def missing(self) -> Iterator[Document]:
        """Every document without a result, in order: never asked before, or ended in an error."""
        number = 0
        while batch := list(islice(self._documents, self._size)):
            self.read += len(batch)
            known = self._load(number, len(batch))
            for document in batch:
                if document.doc_id in known:
                    self._look.see(known[document.doc_id])
            ask = [document for document in batch if document.doc_id not in known]
            if ask:
                self._look.require_usable()
                self._open[number] = _Unit([document.doc_id for document in batch], known)
                self._unit_of |= dict.fromkeys((document.doc_id for document in ask), number)
                yield from ask
            number += 1

    def add(self, written: Written) -> None:
        """File the result of one document."""
        number = self._unit_of.pop(written.doc_id)
        unit = self._open[number]
        unit.written[written.doc_id] = written
        if len(unit.written) == len(unit.doc_ids):
            self._save(number, [unit.written[doc_id] for doc_id in unit.doc_ids])
            del self._open[number]

    def keep(self) -> None:
        """File what has come back so far of the units that are under way."""
        for number, unit in self._open.items():
            if unit.written:
                self._save(number, [unit.written[doc_id] for doc_id in unit.doc_ids if doc_id in unit.written])

    def totals(self) -> Counter[str]:
        """The usage of all units together."""
        totals: Counter[str] = Counter()
        for part in self._artifact.units("usage"):
            for _, row in read_jsonl(part):
                totals.update({name: value for name, value in row.items() if name != "doc_id"})
        return totals

    def _load(self, number: int, size: int) -> dict[str, Written]:
        """What a unit of `size` documents holds, but for those that ended in an error."""
        if not self._artifact.unit(number).exists():
            return {}
        rows: dict[str, list[dict[str, Any]]] = {}
        for part in ("dropped", "errors", "usage"):
            rows[part] = [row for _, row in read_jsonl(self._artifact.unit(number, part))]
        failed = {row["doc_id"] for row in rows["errors"]}
        known = {
            row["doc_id"]: Written(row["doc_id"], usage={k: v for k, v in row.items() if k != "doc_id"})
            for row in rows["usage"]
            if row["doc_id"] not in failed
        }
        for row in rows["dropped"]:
            if row["doc_id"] in known:
                known[row["doc_id"]].dropped.append(row)
        # Written anew with what it lacks.
        if len(known) < size and self._artifact.unit(number).stat().st_size:
            for query in read_synthetic_queries(self._artifact.unit(number)):
                known[query.doc_id].queries.append(query)
        return known

    def _save(self, number: int, written: Iterable[Written]) -> None:
        written = list(written)
        write = self._artifact.write_unit
        write(number, ({"doc_id": w.doc_id} | w.usage for w in written), "usage")
        write(number, (row for w in written for row in w.dropped), "dropped")
        write(number, ({"doc_id": w.doc_id, "error": w.error} for w in written if w.error), "errors")
        write(number, (query.to_row() for w in written for query in w.queries))

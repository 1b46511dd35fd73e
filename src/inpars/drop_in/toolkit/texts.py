"""The toolkit's training files, which hold texts only: read into triples by id and a corpus in memory."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.files import read_text_lines
from inpars.data.records import Document, Triple
from inpars.errors import InputError, shorten
from inpars.progress import say

_LABELS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


@dataclass(frozen=True)
class Training:
    """What a file comes to: the passages as documents, and triples that name them. `rows` counts (query, passage)."""

    corpus: MemoryCorpus
    triples: list[Triple]
    rows: int


def read_triples_texts(path: Path) -> Training:
    """Read `query <tab> positive <tab> negative`; a positive has the negatives of all its lines.

    A passage that is a positive of the same query anywhere in the file is no negative of it.
    `InputError` for a line of another shape and a file without a usable one.
    """
    gathered = _Gathered(path)
    for query, positive, negative in _lines(path, ("query", "positive", "negative")):
        gathered.positives.setdefault(query, {}).setdefault(gathered.id_of(positive), []).append(
            gathered.id_of(negative)
        )
        gathered.rows += 2
    return gathered.training()


def read_pairs_texts(path: Path) -> Training:
    """Read `query <tab> passage <tab> label`, the label 1 or 0; each positive has all of its query's negatives.

    `InputError` as for `read_triples_texts`, and for another label.
    """
    gathered = _Gathered(path)
    negatives: dict[str, list[str]] = {}
    for query, passage, label in _lines(path, ("query", "passage", "label")):
        if (relevant := _LABELS.get(label.strip().lower())) is None:
            raise InputError(path, expected="1 or 0 as label, in the third column", found=shorten(label))
        own = negatives.setdefault(query, [])
        if relevant:
            # Negatives of later lines join these too: the list is the query's.
            gathered.positives.setdefault(query, {})[gathered.id_of(passage)] = own
        else:
            own.append(gathered.id_of(passage))
        gathered.rows += 1
    if lacking := len(negatives.keys() - gathered.positives.keys()):
        say(f"train: {lacking:,} queries without a passage of label 1 are left out")
    return gathered.training()


class _Gathered:
    """Passages by a hash of their words, and for each query its positives with their negatives."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        self.positives: dict[str, dict[str, list[str]]] = {}
        self._passages: dict[str, str] = {}

    def id_of(self, passage: str) -> str:
        doc_id = _hash(passage)
        self._passages.setdefault(doc_id, passage)
        return doc_id

    def training(self) -> Training:
        triples: list[Triple] = []
        own = lacking = 0
        for query, positives in self.positives.items():
            for positive, found in positives.items():
                distinct = list(dict.fromkeys(found))
                negatives = [doc_id for doc_id in distinct if doc_id not in positives]
                own += len(distinct) - len(negatives)
                if negatives:
                    triples.append(Triple(_hash(query), query, positive, negatives))
                else:
                    lacking += 1
        if own:
            say(f"train: {own:,} negatives that are positives of their own query are left out")
        if lacking:
            say(f"train: {lacking:,} positives without a negative are left out")
        if not triples:
            raise InputError(self.path, expected="a query with a positive and a negative", found="none")
        documents = (Document(doc_id, text) for doc_id, text in self._passages.items())
        return Training(MemoryCorpus(documents, str(self.path)), triples, self.rows)


def _hash(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def _lines(path: Path, columns: tuple[str, str, str]) -> Iterator[tuple[str, str, str]]:
    empty = number = 0
    for number, line in read_text_lines(path):
        fields = _fields(line)
        if len(fields) != 3:
            expected = f"three columns between tabs: {', '.join(columns)}"
            raise InputError(path, line=number, expected=expected, found=shorten(line))
        if number == 1 and tuple(fields) == columns:
            continue
        if all(field.strip() for field in fields):
            yield fields[0], fields[1], fields[2]
        else:
            empty += 1
    if empty:
        say(f"train: {empty:,} rows with an empty column are left out")


def _fields(line: str) -> list[str]:
    """The columns of a line, with the quotation marks of a CSV writer undone where they are some."""
    if '"' in line:
        try:
            quoted = next(csv.reader([line], delimiter="\t", strict=True))
            if len(quoted) == 3:
                return quoted
        except csv.Error:
            pass
    return line.split("\t")

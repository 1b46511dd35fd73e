"""What is to be reranked: a first-stage run, held in little memory and checked against corpus and queries."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from inpars.data.corpora import Corpus
from inpars.data.records import Query
from inpars.data.runs import read_run, read_run_lines, top_k
from inpars.errors import InparsError, some
from inpars.progress import say


class Candidates(Mapping[str, dict[str, float]]):
    """A first stage's best documents for each query, with its scores: `{query id: {document id: score}}`.

    Each document id is stored once and each entry takes 12 bytes, so that a thousand documents for a
    thousand queries take some 12 MB; the dict of a query is made when it is asked for, best first.
    """

    def __init__(self, doc_ids: Sequence[str], rows: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """`rows` has for each query the places of its documents in `doc_ids` and their scores, best first."""
        self.doc_ids, self._rows = doc_ids, rows

    def __getitem__(self, query_id: str) -> dict[str, float]:
        places, scores = self._rows[query_id]
        return {self.doc_ids[place]: score for place, score in zip(places.tolist(), scores.tolist(), strict=True)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def places(self) -> np.ndarray:
        """The places in `doc_ids` of all documents that some query has."""
        return np.unique(np.concatenate([places for places, _ in self._rows.values()]))

    def best(self, k: int) -> Candidates:
        """The same with the `k` best of each query."""
        return Candidates(self.doc_ids, {q: (places[:k], scores[:k]) for q, (places, scores) in self._rows.items()})

    def without(self, places: Iterable[int]) -> Candidates:
        """The same without some documents."""
        gone = np.fromiter(places, dtype=np.int32)
        kept = {query_id: ~np.isin(row[0], gone) for query_id, row in self._rows.items()}
        rows = {query_id: (row[0][kept[query_id]], row[1][kept[query_id]]) for query_id, row in self._rows.items()}
        return Candidates(self.doc_ids, rows)


def read_candidates(path: str | Path, queries: Sequence[Query], corpus: Corpus, k: int) -> Candidates:
    """The `k` best documents, by score, that a TREC run has for each of `queries`.

    Documents that the corpus lacks are left out, queries that the run lacks have none: both are said.
    `InparsError` where that leaves nothing, and for a run that cannot be read.
    """
    path = Path(path)
    candidates = _read(path, {query.query_id for query in queries}, k)
    if not candidates:
        raise InparsError(
            f"{path} has none of the {len(queries):,} queries, {some([query.query_id for query in queries])}",
            hint="was the run made for other queries?",
        )
    if missing := [query.query_id for query in queries if query.query_id not in candidates]:
        say(f"rerank: {path} has no documents for {len(missing):,} of {len(queries):,} queries: {some(missing)}")
    return _in_corpus(candidates, path, corpus)


def _in_corpus(candidates: Candidates, path: Path, corpus: Corpus) -> Candidates:
    places = candidates.places().tolist()
    missing = [place for place in places if candidates.doc_ids[place] not in corpus]
    if not missing:
        return candidates
    named = some([candidates.doc_ids[place] for place in missing])
    if len(missing) == len(places):
        raise InparsError(
            f"{path} retrieves {len(places):,} documents, and the corpus {corpus.name} has none of them: {named}",
            hint=f"was the run made for another corpus? The first id in this one is {next(iter(corpus)).doc_id!r}",
        )
    say(
        f"rerank: of {len(places):,} documents in {path}, {len(missing):,} are not in the corpus {corpus.name} "
        f"and are left out: {named}"
    )
    return candidates.without(missing)


def _read(path: Path, wanted: set[str], k: int) -> Candidates:
    numbers: dict[str, int] = {}
    found: dict[str, tuple[array[int], array[float]]] = {}
    for _, query_id, doc_id, score in read_run_lines(path):
        if query_id in wanted:
            if (row := found.get(query_id)) is None:
                row = found[query_id] = array("i"), array("d")
            row[0].append(numbers.setdefault(doc_id, len(numbers)))
            row[1].append(score)
    doc_ids = list(numbers)
    rows: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for query_id in list(found):
        places, scores = found.pop(query_id)
        by_id = {doc_ids[place]: score for place, score in zip(places, scores, strict=True)}
        if len(by_id) < len(places):
            # The slower reader knows in which line a document comes again.
            read_run(path)
        best = top_k(by_id, k)
        rows[query_id] = (
            np.array([numbers[doc_id] for doc_id in best], dtype=np.int32),
            np.array(list(best.values()), dtype=np.float64),
        )
    return Candidates(doc_ids, rows)

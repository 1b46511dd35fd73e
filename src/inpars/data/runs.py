"""Runs: what a system retrieved for each query. Read in the usual forms, written in TREC's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from inpars.data.files import atomic_write
from inpars.data.ids import is_whole
from inpars.data.kinds import hint_for, is_number, is_run_line
from inpars.data.tables import DOCUMENT_IDS, QUERY_IDS, Fields, column, id_of, read_table
from inpars.errors import InparsError, InputError, shorten
from inpars.progress import say

Run: TypeAlias = dict[str, dict[str, float]]
"""`{query id: {document id: score}}`."""

RunLine: TypeAlias = tuple[int | None, str, str, float]
"""`(line number where there are lines, query id, document id, score)`."""

_SCORES = ("score", "scores", "sim", "similarity", "rsv", "relevance_score")
_RANKS = ("rank", "position", "ranking")
_NAMES = {*QUERY_IDS, *DOCUMENT_IDS, *_SCORES, *_RANKS}


def ranked(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """The documents of one query, best first, in the order that trec_eval gives them.

    Scores are compared in single precision, and of equal ones the document with the larger id comes first.
    """
    with np.errstate(over="ignore"):
        singles = np.array([*scores.values()], dtype=np.float64).astype(np.float32).tolist()
    return [(doc_id, scores[doc_id]) for _, doc_id in sorted(zip(singles, scores, strict=True), reverse=True)]


def top_k(scores: Mapping[str, float], k: int) -> dict[str, float]:
    """The `k` best documents of one query, by score, whatever order they came in."""
    return dict(ranked(scores)[:k])


def read_run(path: str | Path) -> Run:
    """Read a run: TREC's (`query-id Q0 doc-id rank score tag`) or one of the forms that `read_run_lines` names.

    The score counts, not the order of lines nor the rank column. `InputError` for a line of another
    shape, a score that is no finite number, or a document that a query has twice.
    """
    run: Run = {}
    for number, query_id, doc_id, score in read_run_lines(path):
        scores = run.setdefault(query_id, {})
        if doc_id in scores:
            found = f"{doc_id!r} again for {query_id!r}"
            raise InputError(path, line=number, expected="each document once a query", found=found)
        scores[doc_id] = score
    return run


def read_run_lines(path: str | Path) -> Iterator[RunLine]:
    """Stream the lines of a run; `InputError` as for `read_run`.

    Besides TREC's lines, whose tag may have blanks (an id may not) or be missing, these are read:
    `query doc rank score` (ColBERT's); `query doc rank` (MS MARCO's) and `query doc score`, which are distinguished by
    their numbers, and it is said which it is; tables with a header (`qid, docno, score`, in `.csv`, `.tsv`, `.jsonl`,
    `.parquet`); and JSON, `{query: {document: score}}` or `{query: [document, …]}`, the best first. A rank without a
    score becomes one: its negative.
    """
    path = Path(path)
    rows = read_table(path, _NAMES, is_run_line)
    line, first = next(rows, (None, ()))
    if not first:
        raise InputError(path, expected="at least one line of a run", found="none")
    rows = chain([(line, first)], rows)
    if isinstance(first, dict):
        yield from (_named(path, line, fields) for line, fields in rows)
    elif len(first) == 2 and line is None:
        yield from _in_order(path, rows)
    elif len(first) == 3:
        yield from _of_three(path, rows, scored=not isinstance(first[2], str))
    else:
        document = 1 if _is_colbert(first) else 2
        for line, fields in rows:
            if isinstance(fields, dict) or (len(fields) != 4 if document == 1 else len(fields) < 5):
                raise _not_a_run(path, line, fields)
            _check_rank(path, line, fields, document)
            yield line, fields[0], fields[document], _finite(path, line, fields[document + 2])


def write_run(path: str | Path, run: Run | Iterable[tuple[str, Mapping[str, float]]], tag: str) -> None:
    """Write a run in TREC form, atomically: sorted, ranks from 1, no two scores of a query alike.

    Given query by query, as pairs, the run need never be held as a whole. Not every evaluation program
    breaks ties as trec_eval does, so a score that would tie with the one before it is written a millionth
    lower. `InparsError` for an id that a line of a run cannot hold.
    """
    with atomic_write(Path(path)) as stream:
        for query_id, scores in run.items() if isinstance(run, dict) else run:
            for rank, (doc_id, score) in enumerate(tie_free(scores), start=1):
                if not (is_whole(query_id) and is_whole(doc_id)):
                    raise InparsError(
                        f"{path}: query {query_id!r}, document {doc_id!r}: an id in a run must have no blanks",
                        hint="replace the blanks in the ids of the corpus and the queries, for example by '_'",
                    )
                stream.write(f"{query_id} Q0 {doc_id} {rank} {score:.9g} {tag}\n".encode())


def tie_free(scores: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """`ranked`, with scores as they are written: strictly falling in single precision."""
    previous = np.float32(np.inf)
    for doc_id, score in ranked(scores):
        single = np.float32(score)
        if single >= previous:
            single = np.nextafter(previous, np.float32(-np.inf))
        previous = single
        yield doc_id, float(single)


def _is_colbert(fields: Sequence[str]) -> bool:
    """Whether a first line of four fields is `query doc rank score`, and not TREC's judgments with a `0` or `Q0`."""
    return len(fields) == 4 and fields[2] in ("0", "1") and fields[1].upper() not in ("0", "Q0")


def _check_rank(path: Path, line: int | None, fields: Sequence[Any], document: int) -> None:
    """`InputError` unless the rank stands behind the document: a blank within an id moves what follows it."""
    if len(fields) == 6 and fields[1] in ("Q0", "0") and str(fields[3]).isdecimal():
        # As nearly all lines are.
        return
    words = [str(field) for field in fields]
    rank = words[document + 1]
    moved = not is_number(rank) or not float(rank).is_integer()
    if document == 2:
        # Two words of a query move `Q0`, five fields without it end in a tag, and no tag begins with a score.
        constant = words[1].upper() == "Q0" or (is_number(words[1]) and words[2].upper() != "Q0")
        moved = moved or (not constant and (len(words) == 5 or words[2].upper() == "Q0"))
        moved = moved or (len(words) > 6 and is_number(words[5]))
    if moved:
        expected = f"a rank, which is a whole number, as field {document + 2}"
        hint = "has an id blanks? Replace them, for example by '_', in the run and wherever that id stands"
        raise InputError(path, line=line, expected=expected, found=f"{rank!r} in {shorten(' '.join(words))}", hint=hint)


def _named(path: Path, line: int | None, fields: Fields) -> RunLine:
    row = fields if isinstance(fields, dict) else {}
    query, document, score, rank = (column(row, names) for names in (QUERY_IDS, DOCUMENT_IDS, _SCORES, _RANKS))
    if query is None or document is None or (number := score or rank) is None:
        expected = "columns of query, document and score or rank, such as qid, docno, score"
        raise InputError(path, line=line, expected=expected, found=", ".join(map(repr, row)) or shorten(fields))
    value = _finite(path, line, row[number])
    query_id, doc_id = id_of(row[query], path, line, "query"), id_of(row[document], path, line, "document")
    return line, query_id, doc_id, value if score else -value


def _in_order(path: Path, rows: Iterable[tuple[int | None, Fields]]) -> Iterator[RunLine]:
    """The rows of JSON's `{query: [document, …]}`, the best first."""
    found: Counter[str] = Counter()
    for line, fields in rows:
        if isinstance(fields, dict) or len(fields) != 2:
            raise _not_a_run(path, line, fields)
        query_id, doc_id = id_of(fields[0], path, line, "query"), id_of(fields[1], path, line, "document")
        found[query_id] += 1
        yield line, query_id, doc_id, -float(found[query_id])


def _of_three(path: Path, rows: Iterable[tuple[int | None, Fields]], scored: bool) -> Iterator[RunLine]:
    found: list[RunLine] = []
    numbers: dict[str, list[float]] = {}
    for line, fields in rows:
        if isinstance(fields, dict) or len(fields) != 3:
            raise _not_a_run(path, line, fields)
        value = _finite(path, line, fields[2])
        found.append((line, id_of(fields[0], path, line, "query"), id_of(fields[1], path, line, "document"), value))
        numbers.setdefault(found[-1][1], []).append(value)
    ranks = not scored and all(map(_are_ranks, numbers.values()))
    if not scored:
        say(f"{path}: its third column is taken for {'ranks, 1 the best' if ranks else 'scores, the highest the best'}")
    yield from ((line, query, document, -value if ranks else value) for line, query, document, value in found)


def _are_ranks(numbers: list[float]) -> bool:
    """Whether a query's numbers are whole and rise from 1 (or 0) line by line, or are 1, 2, 3 … in another order.

    Numbers that fall line by line are scores, best first.
    """
    ordered = sorted(numbers)
    rising, falling = numbers == ordered, len(numbers) > 1 and numbers == ordered[::-1]
    whole = all(number.is_integer() for number in numbers) and len(set(numbers)) == len(numbers)
    return whole and ordered[0] in (0, 1) and not falling and (rising or ordered[-1] - ordered[0] == len(numbers) - 1)


def _finite(path: Path, line: int | None, score: Any) -> float:
    try:
        value = float(score)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(path, line=line, expected="a finite number as score", found=shorten(score))
    return value


def _not_a_run(path: Path, line: int | None, fields: Fields) -> InputError:
    expected, found = "query-id Q0 doc-id rank score tag", shorten(" ".join(map(str, fields)))
    return InputError(path, line=line, expected=expected, found=found, hint=hint_for("\t".join(map(str, fields))))

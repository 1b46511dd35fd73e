"""Test queries in the forms this field uses, and files of synthetic queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from inpars.data.artifacts import where_reasons_lie
from inpars.data.columns import Columns, RecordReader, split_columns
from inpars.data.fields import QUERIES
from inpars.data.files import decode, format_suffix, read_jsonl, read_lines, write_jsonl
from inpars.data.formats import FORMATS, open_rows
from inpars.data.ids import Blanks
from inpars.data.records import Query, SyntheticQuery
from inpars.errors import InputError, shorten

_TOPIC = re.compile(r"<top>(.*?)</top>", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"<num>\s*(?:Number:)?\s*([^\s<]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:Topic:)?\s*([^<]+)", re.IGNORECASE)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


_FITS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "log_probs": (
        "a list of numbers",
        # InPars v1's filter leaves their mean.
        lambda value: all(map(_is_number, value)) if isinstance(value, list) else _is_number(value),
    ),
    "score": ("a number", _is_number),
    "scores": ("an object of numbers", lambda value: isinstance(value, dict) and all(map(_is_number, value.values()))),
}
"""By field of a synthetic query, what it holds where it is not null, and the test for it; in a list null is NaN."""


def read_queries(path: str | Path) -> list[Query]:
    """Read queries from `.jsonl`, `.csv`, `.tsv`, `.parquet` (id and text by column) or TREC topics.

    `InputError` for an id that occurs twice or has blanks, a missing field, an empty query or an empty file.
    """
    spec, columns = split_columns(str(path))
    path = Path(spec)
    queries: dict[str, Query] = {}
    if format_suffix(path) in FORMATS:
        reader = RecordReader(path, columns, QUERIES)
        records = ((row.line, reader.read(row.values, row.line)) for row in open_rows(path, columns, QUERIES).rows())
        rows: Iterable[tuple[int, Query]] = ((line, Query(found.id, found.text.strip())) for line, found in records)
    else:
        rows = _trec_topics(path)
    blanks = Blanks("query")
    for line, query in rows:
        blanks.see(query.query_id, line)
        if query.query_id in queries:
            raise InputError(path, line=line, expected="every query id once", found=f"{query.query_id!r} again")
        if not query.text:
            raise InputError(path, line=line, expected="a query", found=f"no text for {query.query_id!r}")
        queries[query.query_id] = query
    if not queries:
        raise InputError(path, expected="at least one query", found="none")
    blanks.check(path)
    return list(queries.values())


def write_queries(path: str | Path, queries: Iterable[Query]) -> None:
    """Write queries in BEIR's form (`_id`, `text`), atomically."""
    write_jsonl(Path(path), ({"_id": query.query_id, "text": query.text} for query in queries))


def read_synthetic_queries(path: str | Path) -> Iterator[SyntheticQuery]:
    """Stream a file of generated queries: ours, the toolkit's, or InPars v1's.

    Where one log-probability is no number the query has none: what is known of the others is not its mean.
    """
    path = Path(path)
    number, blanks = 0, Blanks("query")
    for number, row in read_jsonl(path):
        if not isinstance(row.get("query", row.get("question")), str) or "doc_id" not in row:
            raise InputError(
                path, line=number, expected="the fields 'query' and 'doc_id'", found=", ".join(map(repr, row))
            )
        for name in ("doc_id", "query_id"):
            if name == "doc_id" or row.get(name) is not None:
                row[name] = Columns(id=name).read_id(row, path, number)
        if row.get("query_id"):
            blanks.see(row["query_id"], number)
            blanks.check(path)
        for name, (expected, fits) in _FITS.items():
            if row.get(name) is not None and not fits(row[name]):
                raise InputError(path, line=number, expected=f"{expected} as {name!r}", found=shorten(row[name]))
        if isinstance(row.get("log_probs"), list) and None in row["log_probs"]:
            row["log_probs"] = None
        try:
            yield SyntheticQuery.from_row(row)
        except TypeError as error:
            raise InputError(path, line=number, expected="a synthetic query", found=shorten(error, 120)) from None
    if not number:
        raise InputError(
            path, expected="at least one synthetic query", found="an empty file", hint=where_reasons_lie(path)
        )


def write_synthetic_queries(path: str | Path, queries: Iterable[SyntheticQuery]) -> int:
    """Write generated queries, atomically; returns how many."""
    return write_jsonl(Path(path), (query.to_row() for query in queries))


def _trec_topics(path: Path) -> Iterator[tuple[int, Query]]:
    text = "".join(decode(path, number, line) for number, _, line in read_lines(path))
    for topic in _TOPIC.finditer(text):
        line = text.count("\n", 0, topic.start()) + 1
        number, title = _NUMBER.search(topic[1]), _TITLE.search(topic[1])
        if not number or not title:
            missing = "<title>" if number else "<num>"
            raise InputError(path, line=line, expected=f"{missing} in the topic", found=shorten(topic[1].strip()))
        yield line, Query(number[1], " ".join(title[1].split()))
    if not _TOPIC.search(text):
        raise InputError(
            path,
            line=1,
            expected=f"TREC topics (<top>…</top>), or a file that ends in {', '.join(FORMATS)}",
            found=shorten(text.strip()[:80]),
        )

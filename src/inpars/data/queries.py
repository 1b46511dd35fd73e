"""Test queries in the forms this field uses, and files of synthetic queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from inpars.data.artifacts import where_reasons_lie
from inpars.data.columns import Columns, RecordReader, split_columns
from inpars.data.fields import QUERIES
from inpars.data.files import format_suffix, read_jsonl, read_text_lines, write_jsonl
from inpars.data.formats import FORMATS, RowSource, open_rows
from inpars.data.ids import Blanks
from inpars.data.qrels import has_query_texts, read_judged
from inpars.data.records import Query, SyntheticQuery
from inpars.data.topics import read_topics
from inpars.errors import InputError, shorten


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
    """Read queries from `.jsonl`, `.csv`, `.tsv`, `.parquet` (id and text by column), TREC topics or JSON.

    Lines of `id <tab> text` are read whatever the ending, and so are judgments that hold the texts of their queries.
    `InputError` for an id that occurs twice or has blanks, a missing field, an empty query or an empty file.
    """
    spec, columns = split_columns(str(path))
    path = Path(spec)
    queries: dict[str, Query] = {}
    blanks = Blanks("query")
    for line, query in _queries(path, columns):
        blanks.see(query.query_id, line or 0)
        if query.query_id in queries:
            raise InputError(path, line=line, expected="every query id once", found=f"{query.query_id!r} again")
        if not query.text:
            raise InputError(path, line=line, expected="a query", found=f"no text for {query.query_id!r}")
        queries[query.query_id] = query
    if not queries:
        raise InputError(path, expected="at least one query", found="none")
    blanks.check(path)
    return list(queries.values())


def _queries(path: Path, columns: Columns) -> Iterator[tuple[int | None, Query]]:
    source: RowSource | None = None
    if (suffix := format_suffix(path)) in FORMATS and suffix != ".json":
        source = open_rows(path, columns, QUERIES)
    else:
        first = next(read_text_lines(path), (0, ""))[1].lstrip()
        is_json = first.startswith(("{", "["))
        if first.startswith("<") or not (is_json or "\t" in first):
            return read_topics(path, columns)
        if not is_json:
            source = FORMATS[".tsv"](path, columns, QUERIES)
    if not columns.chosen and has_query_texts(path):
        return ((None, query) for query in _asked(path))
    if source is None:
        return read_topics(path, columns)
    reader = RecordReader(path, columns, QUERIES)
    records = (
        (row.line, reader.read(row.values, row.line, number)) for number, row in enumerate(source.rows(), start=1)
    )
    return ((line, Query(record.id, record.text.strip())) for line, record in records)


def _asked(path: Path) -> list[Query]:
    judged = read_judged(path)
    if not judged.queries:
        found = f"judgments that name them by ids, such as {next(iter(judged.qrels))!r}"
        raise InputError(path, expected="the texts of queries", found=found)
    return judged.queries


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

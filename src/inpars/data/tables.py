"""Tables of ids and numbers, as judgments and runs are written: with a header or without, in any usual format."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from inpars.data.fields import normal
from inpars.data.files import format_suffix, parse_json_object, read_jsonl, read_lines, read_text_lines
from inpars.data.formats import open_rows
from inpars.data.kinds import hint_for, is_number
from inpars.errors import InputError, shorten

Fields: TypeAlias = dict[str, Any] | list[Any]
"""A row: its values by column, where the file names them (`query-id` and `Query ID` as `query_id`), else in order."""

QUERY_IDS = (
    *("query_id", "queryid", "qid", "q_id", "topic_id", "topicid", "topic_number", "query_number", "qno"),
    *("question_id", "questionid", "topic", "query", "_id"),
)
DOCUMENT_IDS = (
    *("docno", "doc_id", "docid", "corpus_id", "corpusid", "pid", "passage_id", "passageid", "document_id"),
    *("documentid", "did", "para_id", "doc", "document", "passage", "file", "filename", "url"),
)


def read_table(
    path: Path, names: Collection[str], is_plain: Callable[[list[str]], bool]
) -> Iterator[tuple[int | None, Fields]]:
    """Yield `(line, fields)` for each row of a table: Parquet, JSON, JSON Lines, or lines of fields.

    Fields stand between tabs, semicolons or commas (quoted as in CSV), or else white space, as in the first line.
    That is a header where two of its fields are among `names`; `is_plain` tells lines, split at white space, that are
    in TREC's own form whatever else is in them. JSON may also nest: `{query: {document: value}}` or
    `{query: [document, …]}`; the rows are then `[query, document, value]` and `[query, document]`.
    `InputError` for topics, and for what is no text.
    """
    suffix = format_suffix(path)
    if suffix == ".parquet":
        yield from ((row.line, _named(row.values)) for row in open_rows(path).rows())
        return
    number, first = next(read_text_lines(path), (0, ""))
    if first.lstrip().startswith("<"):
        expected = "rows of ids and numbers"
        raise InputError(path, line=number, expected=expected, found=shorten(first), hint=hint_for(first))
    if first.lstrip().startswith(("{", "[")):
        yield from _json_rows(path, suffix, number, first)
    elif first:
        yield from _lines(path, _delimiter(first, suffix, is_plain), names)


def column(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of `names` that a row has a column for."""
    return next((name for name in names if name in fields), None)


def id_of(value: Any, path: Path, line: int | None, what: str) -> str:
    """An id, or a text in its place, as a string without superfluous blanks; a whole number as it is written.

    `InputError` for anything else, and for an empty one.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and (words := value.split()):
        return " ".join(words)
    raise InputError(path, line=line, expected=f"the id of a {what}", found=shorten(value))


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {normal(name): value for name, value in row.items()}


def _delimiter(line: str, suffix: str, is_plain: Callable[[list[str]], bool]) -> str | None:
    """What stands between the fields of a first line; None is any white space, which may hold tabs as well."""
    fields = line.split()
    if suffix not in (".csv", ".tsv") and is_plain(fields):
        return None
    if "\t" in line:
        return "\t"
    ids = len(fields) == 3 and is_number(fields[2]) and not any(field.endswith((",", ";")) for field in fields)
    if suffix != ".csv" and (is_plain(fields) or ids):
        return None
    return max(";,", key=line.count) if ";" in line or "," in line else None


def _lines(path: Path, delimiter: str | None, names: Collection[str]) -> Iterator[tuple[int, Fields]]:
    header: list[str] | None = None
    for place, (line, fields) in enumerate(_split(path, delimiter)):
        if place == 0 and len(set(plain := [normal(field) for field in fields]) & set(names)) >= 2:
            header = plain
        elif header is None:
            yield line, fields
        elif len(fields) == len(header):
            yield line, dict(zip(header, fields, strict=True))
        else:
            expected = f"{len(header)} fields ({', '.join(header)})"
            raise InputError(path, line=line, expected=expected, found=f"{len(fields)}")


def _split(path: Path, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    if delimiter is None:
        yield from ((number, line.split()) for number, line in read_text_lines(path))
        return
    if delimiter == "\t":
        yield from ((number, [*map(str.strip, line.split("\t"))]) for number, line in read_text_lines(path))
        return
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for numbered in read_text_lines(path):
            number, line = numbered
            yield f"{line}\n"

    try:
        for fields in csv.reader(lines(), delimiter=delimiter, skipinitialspace=True, strict=True):
            yield number, [field.strip() for field in fields]
    except csv.Error as error:
        raise InputError(path, line=number, expected="a well-formed record", found=str(error)) from None


def _json_rows(path: Path, suffix: str, number: int, first: str) -> Iterator[tuple[int | None, Fields]]:
    if suffix not in (".jsonl", ".ndjson"):
        text = b"".join(data for _, _, data in read_lines(path))
        try:
            value = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            try:
                parse_json_object(path, number, first.encode())
            except InputError:
                # Not JSON Lines by another name either.
                raise InputError(path, line=error.lineno, expected="JSON", found=error.msg) from None
        else:
            yield from ((None, fields) for fields in _unnested(value))
            return
    for line, row in read_jsonl(path):
        yield from ((line, fields) for fields in _unnested(row))


def _unnested(value: Any) -> Iterator[Fields]:
    """The rows in a JSON value: an object, a list of rows, or documents by query."""
    if isinstance(value, list):
        for row in value:
            if isinstance(row, dict):
                yield from _unnested(row)
            else:
                yield row if isinstance(row, list) else [row]
        return
    inner = next((value[name] for name in _INNER if isinstance(value.get(name), dict | list)), None)
    if inner is not None:
        yield from _unnested(inner)
    elif value and all(isinstance(found, dict | list) for found in value.values()):
        for query_id, found in value.items():
            if isinstance(found, dict):
                yield from ([query_id, doc_id, number] for doc_id, number in found.items())
            else:
                yield from ([query_id, *(each if isinstance(each, list) else [each])] for each in found)
    else:
        yield _named(value)


_INNER = ("qrels", "relevant_docs", "judgments", "run", "results")
"""Keys under which a JSON object may hold the table, beside a name, queries or documents."""

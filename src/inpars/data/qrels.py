"""Relevance judgments: TREC's, BEIR's, and tables of query, document and grade."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from inpars.data.fields import normal
from inpars.data.files import atomic_write
from inpars.data.ids import is_whole
from inpars.data.kinds import hint_for, is_number, is_qrels_line
from inpars.data.records import Query
from inpars.data.segmentation import is_unspaced
from inpars.data.tables import DOCUMENT_IDS, QUERY_IDS, Fields, column, id_of, read_table
from inpars.errors import InputError, shorten

Qrels: TypeAlias = dict[str, dict[str, int]]
"""`{query id: {document id: grade}}`."""

QUERY_TEXTS = ("query_text", "question_text", "question", "query", "search_query")
GRADES = (
    *("score", "relevance", "rel", "grade", "label", "judgment", "judgement", "relevance_score", "relevance_label"),
    *("relevance_grade", "relevant", "is_relevant", "qrel", "rating", "gain"),
)
_ONLY_IDS = tuple(name for name in QUERY_IDS if name not in QUERY_TEXTS)
_NAMES = {*QUERY_IDS, *QUERY_TEXTS, *DOCUMENT_IDS, *GRADES}


class Judged(NamedTuple):
    """Judgments, and their queries where the file has the texts of these too; else none."""

    qrels: Qrels
    queries: list[Query]


class Judgment(NamedTuple):
    """One row. Of a column that may hold ids or texts `text` is None."""

    query: str
    text: str | None
    doc_id: str
    grade: int


def read_qrels(path: str | Path) -> Qrels:
    """Read judgments: TREC's (`query-id iteration doc-id grade`), BEIR's (`query-id corpus-id score`), MS MARCO's.

    Or a table of query, document and grade with a header, in `.csv`, `.tsv`, `.jsonl` or `.parquet`, or JSON
    (`{query: {document: grade}}`). Without a grade all documents are relevant, of grade 1. Where the file has the
    texts of the queries in the place of their ids, the ids are those of `read_judged`.
    `InputError` at the first row that is none of these.
    """
    return read_judged(path).qrels


def read_judged(path: str | Path) -> Judged:
    """Read judgments as `read_qrels` does, with the queries where the file holds their texts.

    They have a column of their own (`question`, or `query` beside `query_id`), or stand in the place of the ids; in a
    column `query`, and without a header, that is told by what most values look like. Then the id of a query is its
    words with `_` between them, wherever that file is read.
    """
    path = Path(path)
    qrels: Qrels = {}
    texts: dict[str, str] = {}
    first: tuple[int | None, Fields] | None = None
    for line, fields in read_table(path, _NAMES, is_qrels_line):
        first = first or (line, fields)
        row = _judgment(path, line, fields, len(first[1]))
        if row is None:
            continue
        judged = qrels.setdefault(row.query, {})
        if judged.setdefault(row.doc_id, row.grade) != row.grade:
            raise InputError(
                path,
                line=line,
                expected="one grade for each query and document",
                found=f"{row.query} {row.doc_id} as {judged[row.doc_id]} and as {row.grade}",
            )
        if row.text is not None and texts.setdefault(row.query, row.text) != row.text:
            found = f"{row.query!r} as {shorten(texts[row.query])} and as {shorten(row.text)}"
            raise InputError(path, line=line, expected="one text for each query", found=found)
    if not qrels or not first:
        raise InputError(path, expected="at least one judgment", found="none")
    _check_documents(path, qrels, bool(texts))
    _check_header(path, first)
    if not texts and 2 * sum(map(_is_text, qrels)) > len(qrels):
        qrels, texts = _by_words(qrels)
    return Judged(qrels, [Query(query_id, text) for query_id, text in texts.items()])


def has_query_texts(path: Path) -> bool:
    """Whether a table of queries is one of judgments, with texts of queries and ids of documents in its rows."""
    ids: set[str] = set()
    for _, fields in read_table(path, _NAMES, is_qrels_line):
        if isinstance(fields, dict):
            document, text, query = (column(fields, names) for names in (DOCUMENT_IDS, QUERY_TEXTS, _ONLY_IDS))
            if document is None or text is None or query is None:
                return document is not None and text is not None
            if (query_id := str(fields[query])) in ids:
                return True
            ids.add(query_id)
        elif not _is_judged_text(fields):
            return False
        elif _is_text(fields[0]):
            return True
    return False


def _is_text(query: str) -> bool:
    """Whether this is the text of a query rather than its id: several words, or as much without blanks between them."""
    return not is_whole(query) or (is_unspaced(query) and (len(query) > _FEW or query.endswith(("?", "？"))))


_FEW = 5
"""Characters that an id may well have in a script without blanks."""


def _is_judged_text(fields: list[Any]) -> bool:
    return (
        len(fields) in (2, 3)
        and all(isinstance(field, str) for field in fields[:2])
        and is_whole(fields[1])
        and (len(fields) == 2 or is_number(str(fields[2])))
    )


def words_id(text: str) -> str:
    """The id of a query that has none: its words, in one piece."""
    return "_".join(text.split())


def write_qrels(path: str | Path, qrels: Qrels) -> None:
    """Write judgments in BEIR's form, atomically."""
    with atomic_write(Path(path)) as stream:
        stream.write(b"query-id\tcorpus-id\tscore\n")
        stream.writelines(_rows(qrels))


def _rows(qrels: Qrels) -> Iterable[bytes]:
    for query_id, judged in qrels.items():
        for doc_id, grade in judged.items():
            yield f"{query_id}\t{doc_id}\t{grade}\n".encode()


def _check_header(path: Path, first: tuple[int | None, Fields]) -> None:
    """`InputError` where the first of lines of two fields is a header, of which too few names are known."""
    line, fields = first
    if isinstance(fields, dict) or line is None or len(fields) != 2:
        return
    if not is_whole(fields[1]) or any(normal(field) in _NAMES for field in fields):
        names = ", ".join((*QUERY_TEXTS[:3], *QUERY_IDS[:3])), ", ".join(DOCUMENT_IDS[:6])
        expected = (
            f"a query and a document, or a header that names the query ({names[0]}, …) and the document ({names[1]}, …)"
        )
        raise InputError(path, line=line, expected=expected, found=", ".join(map(repr, fields)))


def _judgment(path: Path, line: int | None, fields: Fields, width: int) -> Judgment | None:
    """One row of a file with `width` columns, without a grade where that is 2; None for a header in its own words."""
    if isinstance(fields, dict):
        return _named(path, line, fields)
    if len(fields) in (3, 4) and len(fields) != width:
        found = f"{len(fields)}: {shorten(' '.join(map(str, fields)))}"
        raise InputError(path, line=line, expected=f"{width} columns, as in the first line", found=found)
    if len(fields) == 4:
        query, _, doc_id, grade = fields
    elif len(fields) == 3:
        query, doc_id, grade = fields
        # Such a header's third field is a word; "2.5" or an empty one is a grade gone wrong.
        if line == 1 and isinstance(grade, str) and grade.isalpha():
            return None
    elif len(fields) == 2 == width:
        query, doc_id, grade = *fields, 1
    else:
        raise InputError(
            path,
            line=line,
            expected="query-id corpus-id score (BEIR) or query-id iteration doc-id grade (TREC)",
            found=shorten(" ".join(map(str, fields))),
            hint=hint_for("\t".join(map(str, fields))),
        )
    return Judgment(
        id_of(query, path, line, "query"), None, id_of(doc_id, path, line, "document"), _grade(path, line, grade)
    )


def _named(path: Path, line: int | None, row: dict[str, Any]) -> Judgment:
    query, text, document, grade = (column(row, names) for names in (QUERY_IDS, QUERY_TEXTS, DOCUMENT_IDS, GRADES))
    if (query or text) is None or document is None or "rank" in row:
        raise InputError(
            path,
            line=line,
            expected="columns of query, document and grade, such as query-id, corpus-id, score",
            found=", ".join(map(repr, row)),
            hint="this looks like a run: is another file meant?" if "rank" in row else "",
        )
    rest = [name for name in row if name not in (query, text, document)]
    if grade is None and (len(rest) == 1 or any(is_number(str(row[name])) for name in rest)):
        raise InputError(
            path, line=line, expected=f"a grade in a column {', '.join(GRADES)}", found=", ".join(map(repr, row))
        )
    words = None if text is None or text == query else id_of(row[text], path, line, "query")
    return Judgment(
        id_of(row[query], path, line, "query") if query else words_id(words or ""),
        words,
        id_of(row[document], path, line, "document"),
        1 if grade is None else _grade(path, line, row[grade]),
    )


def _grade(path: Path, line: int | None, grade: Any) -> int:
    """A grade as a whole number, be it written `2` or `2.0`."""
    try:
        if int(value := float(grade)) == value:
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    hint = "1 for a relevant document and 0 for another, or more for better ones"
    raise InputError(path, line=line, expected="a whole number as grade", found=shorten(grade), hint=hint)


def _check_documents(path: Path, qrels: Qrels, texts: bool) -> None:
    """`InputError` where most documents are named by words rather than by an id: queries, or texts."""
    named = [(query, doc_id) for query, judged in qrels.items() for doc_id in judged]
    worded = [pair for pair in named if not is_whole(pair[1])]
    if 2 * len(worded) > len(named):
        query, document = worded[0]
        one_each = not texts and all(len(judged) == 1 for judged in qrels.values()) and is_whole(query)
        raise InputError(
            path,
            expected="the ids of documents beside those of queries",
            found=f"{shorten(document)} for {shorten(query)}",
            hint="this looks like queries: is another file meant?" if one_each else "give documents by their ids",
        )


def _by_words(qrels: Qrels) -> tuple[Qrels, dict[str, str]]:
    by_id: Qrels = {}
    texts: dict[str, str] = {}
    for text, judged in qrels.items():
        texts[words_id(text)], by_id[words_id(text)] = text, judged
    return by_id, texts

"""Relevance judgments, in BEIR's and in TREC's form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from inpars.data.files import atomic_write, format_suffix, read_text_lines
from inpars.errors import InputError, shorten

Qrels: TypeAlias = dict[str, dict[str, int]]
"""`{query id: {document id: grade}}`."""


def read_qrels(path: str | Path) -> Qrels:
    """Read judgments: BEIR (`query-id corpus-id score`, with or without its header) or TREC
    (`query-id iteration document-id grade`). `InputError` at the first line that is neither."""
    path = Path(path)
    qrels: Qrels = {}
    separator = "\t" if format_suffix(path) == ".tsv" else None
    for number, line in read_text_lines(path):
        fields = line.split(separator)
        if len(fields) == 4:
            query_id, _, doc_id, grade = fields
        elif len(fields) == 3:
            query_id, doc_id, grade = fields
        else:
            raise InputError(
                path,
                line=number,
                expected="query-id corpus-id score (BEIR) or query-id iteration doc-id grade (TREC)",
                found=shorten(line),
            )
        try:
            value = int(grade)
        except ValueError:
            # A header's third field is a word; "2.0" or an empty one is a grade gone wrong.
            if number == 1 and len(fields) == 3 and grade.isalpha():
                continue
            raise InputError(path, line=number, expected="a whole number as grade", found=shorten(grade)) from None
        judged = qrels.setdefault(query_id, {})
        if judged.get(doc_id, value) != value:
            raise InputError(
                path,
                line=number,
                expected="one grade for each query and document",
                found=f"{query_id} {doc_id} as {judged[doc_id]} and as {value}",
            )
        judged[doc_id] = value
    if not qrels:
        raise InputError(path, expected="at least one judgment", found="none")
    return qrels


def write_qrels(path: str | Path, qrels: Qrels) -> None:
    """Write judgments in BEIR's form, atomically."""
    with atomic_write(Path(path)) as stream:
        stream.write(b"query-id\tcorpus-id\tscore\n")
        stream.writelines(_rows(qrels))


def _rows(qrels: Qrels) -> Iterable[bytes]:
    for query_id, judged in qrels.items():
        for doc_id, grade in judged.items():
            yield f"{query_id}\t{doc_id}\t{grade}\n".encode()

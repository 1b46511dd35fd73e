"""Training triples: by id in JSONL, and exported in the forms of the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from inpars.data.artifacts import where_reasons_lie
from inpars.data.corpora.base import Corpus
from inpars.data.files import atomic_write, read_jsonl, write_jsonl
from inpars.data.records import Triple
from inpars.errors import InparsError, InputError, shorten


def read_triples(path: str | Path) -> Iterator[Triple]:
    """Stream a JSONL file of triples."""
    path = Path(path)
    number = 0
    for number, row in read_jsonl(path):
        try:
            yield Triple.from_row(row)
        except TypeError as error:
            raise InputError(
                path,
                line=number,
                expected="query_id, query, positive_id and negative_ids",
                found=shorten(error, 120),
            ) from None
    if not number:
        hint = where_reasons_lie(path)
        if hint:
            hint += (
                "; where the corpus is small, lower skip_top (in a run: --set negatives.skip_top=0), "
                "and where its documents are alike, raise near_duplicates"
            )
        raise InputError(path, expected="at least one triple", found="an empty file", hint=hint)


def write_triples(path: str | Path, triples: Iterable[Triple]) -> int:
    """Write triples as JSONL, atomically; returns how many."""
    return write_jsonl(Path(path), (triple.to_row() for triple in triples))


def export_texts(path: str | Path, triples: Iterable[Triple], corpus: Corpus, *, quoted: bool = False) -> int:
    """Write the toolkit's TSV, `query <tab> positive <tab> negative`, a line for each negative.

    With `quoted` a text that has quotation marks in it stands between some, as in CSV: so the toolkit
    writes them, and its training reads them.
    The texts come from `corpus`; `InparsError` where it lacks a document.
    """

    def text(triple: Triple, doc_id: str) -> str:
        try:
            return corpus[doc_id].contents
        except KeyError:
            raise InparsError(
                f"the triple of query {triple.query_id} has document {doc_id!r}, which {corpus.name} lacks",
                hint="give the corpus that the negatives were mined from",
            ) from None

    def rows() -> Iterator[tuple[str, str, str]]:
        for triple in triples:
            positive = triple.positive_text or text(triple, triple.positive_id)
            for negative_id in triple.negative_ids:
                yield triple.query, positive, text(triple, negative_id)

    return _write_tsv(Path(path), rows(), quoted)


def export_ids(path: str | Path, triples: Iterable[Triple]) -> int:
    """Write InPars v1's id triples, `query_id <tab> positive_id <tab> negative_id`."""
    return _write_tsv(Path(path), ((t.query_id, t.positive_id, n) for t in triples for n in t.negative_ids))


def _write_tsv(path: Path, rows: Iterable[tuple[str, str, str]], quoted: bool = False) -> int:
    count = 0
    with atomic_write(path) as stream:
        for row in rows:
            fields = (" ".join(field.split()) for field in row)
            stream.write(("\t".join(map(_quoted, fields) if quoted else fields) + "\n").encode())
            count += 1
    return count


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if '"' in field else field

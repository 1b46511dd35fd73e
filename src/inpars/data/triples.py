"""Training triples: by id in JSONL, and exported in the forms of the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from inpars.data.artifacts import where_reasons_lie
from inpars.data.corpora.base import Corpus
from inpars.data.files import atomic_write, read_jsonl, read_text_lines, write_jsonl
from inpars.data.ids import is_whole
from inpars.data.qrels import words_id
from inpars.data.records import Triple
from inpars.errors import InparsError, InputError, shorten, some


def read_triples(path: str | Path, queries: Mapping[str, str] | None = None) -> Iterator[Triple]:
    """Stream a file of triples: our JSONL, or another form that names documents by id.

    That is Tevatron's JSONL (`positive_passages`, `negative_passages`), and with the texts of the `queries` by id MS
    MARCO's: `qid <tab> positive id <tab> negative id` in each line, and hard negatives in JSONL (`qid, pos, neg`).
    `InputError` for a row of another form. Texts of documents in the place of ids are named as such.
    """
    path = Path(path)
    if is_of_ids(path):
        yield from _of_ids(path, queries)
        return
    number = 0
    for number, row in read_jsonl(path):
        if "positive_id" in row or not row.keys() & _OTHERS:
            yield _own(path, number, row)
        else:
            yield from _other(path, number, row, queries)
    if not number:
        hint = where_reasons_lie(path)
        if hint:
            hint += (
                "; where the corpus is small, lower skip_top (in a run: --set negatives.skip_top=0), "
                "and where its documents are alike, raise near_duplicates"
            )
        raise InputError(path, expected="at least one triple", found="an empty file", hint=hint)


def is_of_ids(path: Path) -> bool:
    """Whether a file of triples has ids between tabs, as MS MARCO's, and not JSON."""
    _, first = next(read_text_lines(path), (0, ""))
    return "\t" in first and not first.lstrip().startswith("{")


_OTHERS = {"positive_passages", "pos", "positive", "positives"}


def _own(path: Path, line: int, row: Mapping[str, Any]) -> Triple:
    try:
        return Triple.from_row(row)
    except TypeError as error:
        raise InputError(
            path,
            line=line,
            expected="query_id, query, positive_id and negative_ids",
            found=shorten(error, 120),
        ) from None


def _other(path: Path, line: int, row: Mapping[str, Any], queries: Mapping[str, str] | None) -> Iterator[Triple]:
    query_id = next((str(row[name]) for name in ("query_id", "qid") if row.get(name) is not None), "")
    if "positive_passages" in row:
        positives, negatives = (_ids_in(path, line, row.get(f"{kind}_passages")) for kind in ("positive", "negative"))
        text = row.get("query")
    else:
        found = next((row[name] for name in ("neg", "negative", "negatives") if name in row), ())
        # Hard negatives of several systems are given system by system.
        lists = list(found.values()) if isinstance(found, dict) else [found]
        positives = _as_ids(next(row[name] for name in ("pos", "positive", "positives") if name in row))
        negatives = [doc_id for each in lists for doc_id in _as_ids(each)]
        text = row.get("query", row.get("anchor"))
    if not query_id and isinstance(text, str):
        query_id = words_id(text)
    if not query_id or any(not is_whole(doc_id) for doc_id in (*positives, *negatives)):
        raise _texts(path, line, next(iter(positives), ""))
    query = text if isinstance(text, str) else _query(path, line, query_id, queries)
    known = set(positives)
    distinct = [doc_id for doc_id in dict.fromkeys(negatives) if doc_id not in known]
    yield from (Triple(query_id, query, positive, distinct) for positive in positives)


def _of_ids(path: Path, queries: Mapping[str, str] | None) -> Iterator[Triple]:
    for line, text in read_text_lines(path):
        fields = [field.strip() for field in text.split("\t")]
        if len(fields) != 3:
            found = f"{len(fields)} fields"
            raise InputError(path, line=line, expected="query id, positive id and negative id", found=found)
        query_id, positive, negative = fields
        if not is_whole(positive) or not is_whole(negative):
            raise _texts(path, line, positive)
        yield Triple(query_id, _query(path, line, query_id, queries), positive, [negative])


def _query(path: Path, line: int, query_id: str, queries: Mapping[str, str] | None) -> str:
    if queries is None:
        raise InputError(
            path,
            line=line,
            expected="the text of the query",
            found=f"its id alone, {query_id!r}",
            hint="give the file that has the texts of these queries: --queries FILE",
        )
    if query_id not in queries:
        raise InputError(
            path,
            line=line,
            expected="the id of a query in the file of queries",
            found=f"{query_id!r}; that file has {some(list(queries), 3)}",
            hint="are the triples and the queries of the same set?",
        )
    return queries[query_id]


def _texts(path: Path, line: int, found: str) -> InputError:
    return InputError(
        path,
        line=line,
        expected="the ids of a query and of its documents, which are in the corpus",
        found=f"texts, such as {shorten(found)}" if found else "no ids",
        hint="python -m inpars.train --triples FILE --base_model MODEL --output_dir FOLDER trains on texts: "
        "query <tab> positive <tab> negative in each line",
    )


def _ids_in(path: Path, line: int, passages: Any) -> list[str]:
    """The ids of Tevatron's passages, objects with `docid`."""
    if not isinstance(passages, list) or not all(isinstance(each, dict) and "docid" in each for each in passages):
        raise InputError(path, line=line, expected="passages with a 'docid' each", found=shorten(passages))
    return [str(each["docid"]) for each in passages]


def _as_ids(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


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

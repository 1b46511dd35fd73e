"""What v1's training reads, triples of texts or of ids, as triples and corpus of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.files import format_suffix, read_text_lines
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import SyntheticQuery, Triple
from inpars.data.triples import write_triples
from inpars.drop_in.toolkit.texts import read_triples_texts
from inpars.drop_in.v1.watching import Watched
from inpars.errors import InputError, OptionError, shorten


def training_data(
    triples: Path, corpus: str, questions: Path | None, watched: Watched | None, folder: Path
) -> tuple[Path, Corpus]:
    """`(file of triples by id, corpus)`. The file is `triples` itself where that is JSONL, else one in `folder`.

    Triples of texts bring their documents along; to these come the documents of the run that is
    watched. Triples of ids take documents from `corpus` and queries from the file of `questions`.
    """
    documents = open_corpus(corpus)
    if format_suffix(triples) == ".jsonl":
        return triples, documents
    path = folder / "triples.jsonl"
    first = next(read_text_lines(triples), (0, ""))[1].split("\t")
    if len(first) == 3 and first[1] in documents and first[2] in documents:
        if questions is None:
            raise OptionError(
                f"{triples} has ids, not texts: the questions' words are not in it",
                hint="give the JSONL file that the triples were made from with --synthetic_queries, or the triples "
                "as texts",
            )
        write_triples(path, _from_ids(triples, questions))
        return path, documents
    training = read_triples_texts(triples)
    write_triples(path, training.triples)
    ids = sorted(watched.doc_ids()) if watched else []
    watching = [documents[doc_id] for doc_id in ids if doc_id in documents]
    return path, MemoryCorpus([*training.corpus, *watching], triples.name)


def _from_ids(path: Path, questions: Path) -> Iterator[Triple]:
    """The triples, all negatives of a query together. v1 wrote the number of its line, from 0, for a query's id."""
    rows = list(read_synthetic_queries(questions))
    known = {row.query_id: row for row in rows}
    found: dict[tuple[str, str], Triple] = {}
    for number, line in read_text_lines(path):
        fields = line.split("\t")
        if len(fields) != 3:
            raise InputError(path, line=number, expected="three ids with tabs between them", found=shorten(line))
        query_id, positive, negative = fields
        row = known.get(query_id) or _by_line(rows, query_id)
        if row is None or row.doc_id != positive:
            raise InputError(
                path,
                line=number,
                expected=f"a query of {questions} with its document",
                found=f"{shorten(query_id)} with {shorten(positive)}",
                hint="is this the file that the triples were made from, unchanged?",
            )
        triple = found.setdefault((row.query_id, positive), Triple(row.query_id, row.query, positive, []))
        if negative != positive and negative not in triple.negative_ids:
            triple.negative_ids.append(negative)
    return (triple for triple in found.values() if triple.negative_ids)


def _by_line(rows: list[SyntheticQuery], query_id: str) -> SyntheticQuery | None:
    return rows[int(query_id)] if query_id.isdecimal() and int(query_id) < len(rows) else None

"""Stage `negatives`: find documents that look relevant to a query and are not."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Any

from inpars.data.artifacts import Artifact, fingerprint_of
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.files import read_jsonl, write_jsonl
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document, SyntheticQuery, Triple
from inpars.data.seeds import generator
from inpars.errors import InparsError
from inpars.negatives.config import NegativesConfig
from inpars.options import parse_options
from inpars.progress import say, track


def mine_negatives(
    queries: str | Path,
    corpus: str | Path | Corpus,
    output: str | Path,
    *,
    qrels: str | Path | None = None,
    **options: Any,
) -> Path:
    """Write a triple for each query: its document, and negatives drawn from the retriever's top k.

    The source document never is a negative, nor is a copy of it (the same words), nor any known
    positive: a document for which the same query was generated, or that `qrels` judges relevant to
    the query id. `options` are the fields of `NegativesConfig`. Queries that leave no candidate go
    to `<stem>.dropped.jsonl` with the reason. Returns `output`.
    """
    config = parse_options(NegativesConfig, "negatives", options)
    queries, corpus = Path(queries), open_corpus(corpus)
    inputs = {"queries": fingerprint_of(queries), "corpus": corpus.fingerprint()}
    if qrels is not None:
        inputs["qrels"] = fingerprint_of(Path(qrels))
    artifact = Artifact(output, "negatives", config, inputs)
    if artifact.is_current():
        return artifact.output
    miner = _Miner(corpus, config, _known_positives(queries, qrels))
    total = sum(1 for _ in read_synthetic_queries(queries))
    artifact.begin()
    stream = track(read_synthetic_queries(queries), "negatives", total)
    for number in range(-(-total // config.unit_size)):
        unit = list(islice(stream, config.unit_size))
        if not artifact.unit(number).exists():
            artifact.write_unit(number, (miner.row(query) for query in unit))
    rows = [row for unit in artifact.units() for _, row in read_jsonl(unit)]
    dropped = [row for row in rows if "reason" in row]
    write_jsonl(artifact.output.with_name(f"{artifact.output.stem}.dropped.jsonl"), dropped)
    kept = write_jsonl(artifact.output, (row for row in rows if "reason" not in row))
    artifact.finish(queries=total, triples=kept, dropped=len(dropped))
    say(f"negatives: {kept:,} triples for {total:,} queries ({len(dropped):,} without negatives) -> {artifact.output}")
    return artifact.output


class _Miner:
    """Retrieves, excludes and draws, query by query."""

    def __init__(self, corpus: Corpus, config: NegativesConfig, positives: dict[str, set[str]]) -> None:
        from inpars.retrieve.bm25 import BM25

        self.corpus, self.config, self.positives = corpus, config, positives
        self.retriever = BM25.of(corpus, k1=config.k1, b=config.b, language=config.language)

    def row(self, query: SyntheticQuery) -> dict[str, Any]:
        """The query's triple, or the query with the reason why it has none."""
        if query.doc_id not in self.corpus:
            raise InparsError(
                f"query {query.query_id} was written for document {query.doc_id!r}, which {self.corpus.name} lacks",
                hint="give the corpus that the queries were generated from",
            )
        source = self.corpus[query.doc_id]
        candidates = self._candidates(query, source)
        if not candidates:
            return query.to_row() | {
                "dropped_by": "negatives",
                "reason": f"no candidate in the top {self.config.top_k}",
            }
        rng = generator(self.config.seed, query.query_id)
        size = min(self.config.negatives_per_query, len(candidates))
        drawn = sorted(int(place) for place in rng.choice(len(candidates), size=size, replace=False))
        return Triple(
            query_id=query.query_id,
            query=query.query,
            positive_id=query.doc_id,
            negative_ids=[candidates[place][0] for place in drawn],
            scores=[candidates[place][1] for place in drawn],
            positive_text=query.doc_text if _words(query.doc_text) != _words(source.contents) else "",
        ).to_row()

    def _candidates(self, query: SyntheticQuery, source: Document) -> list[tuple[str, float]]:
        excluded = self.positives[_key(query.query)] | self.positives[query.query_id] | {query.doc_id}
        found = list(self.retriever.search(query.query, self.config.top_k).items())[self.config.skip_top :]
        return [
            (doc_id, score)
            for doc_id, score in found
            if doc_id not in excluded and not _copies(self.corpus[doc_id], source)
        ]


def _copies(one: Document, other: Document) -> bool:
    """Whether two documents say the same, their titles aside where both have a text."""
    if _words(one.contents) == _words(other.contents):
        return True
    return bool(one.text.strip()) and _words(one.text) == _words(other.text)


def _known_positives(queries: Path, qrels: str | Path | None) -> defaultdict[str, set[str]]:
    """Documents known to answer a query, by the query's words and by its id."""
    positives: defaultdict[str, set[str]] = defaultdict(set)
    for query in read_synthetic_queries(queries):
        positives[_key(query.query)].add(query.doc_id)
    for query_id, judged in (read_qrels(qrels) if qrels is not None else {}).items():
        positives[query_id] |= {doc_id for doc_id, grade in judged.items() if grade > 0}
    return positives


def _key(query: str) -> str:
    # A blank in front keeps the words of a query apart from any query id.
    return f" {_words(query)}"


def _words(text: str) -> str:
    return " ".join(text.lower().split())

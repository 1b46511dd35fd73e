"""Splitting triples into a training part and a held-out set, by document."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inpars.data.corpora import Corpus
from inpars.data.held_out import HeldOut
from inpars.data.qrels import Qrels
from inpars.data.records import Query, Triple
from inpars.data.runs import Run, top_k
from inpars.data.seeds import generator
from inpars.data.words import same_words
from inpars.errors import InparsError
from inpars.retrieve.bm25 import BM25


def split(triples: Iterable[Triple], n: int, seed: int) -> tuple[list[Triple], list[Triple]]:
    """`(training, held out)`: `n` queries of `n` documents, and all triples of other queries and documents.

    With `n` 0 all are for training. Where triples are few, at most a fifth is held out. Queries whose
    words were cut out of their document come first: they alone tell a model that understands from one
    that matches words. A query that has several positives is held out with all of them, a triple for
    each; queries of the same words are one, whatever their ids.
    """
    everything = list(triples)
    if not n:
        return everything, []
    rng = generator(seed, "held out")
    order = [everything[int(place)] for place in rng.permutation(len(everything))]
    order.sort(key=lambda triple: not triple.positive_text)
    chosen: set[str] = set()
    held_out: dict[tuple[str, str], Triple] = {}
    positives: set[str] = set()
    for triple in order:
        if len(chosen) == min(n, len(everything) // 5):
            break
        if (query := same_words(triple.query)) not in chosen and triple.positive_id not in positives:
            chosen.add(query)
            positives.add(triple.positive_id)
            held_out[query, triple.positive_id] = triple
    for triple in everything:
        if (query := same_words(triple.query)) in chosen:
            held_out.setdefault((query, triple.positive_id), triple)
            positives.add(triple.positive_id)
    training = [t for t in everything if t.positive_id not in positives]
    if not held_out or not training:
        raise InparsError(
            f"{len(everything)} triples of {len({t.positive_id for t in everything})} documents are too few",
            hint="generate more queries, or give more documents",
        )
    return training, list(held_out.values())


def held_out_set(
    triples: list[Triple], corpus: Corpus, depth: int, language: str, folder: Path | None = None
) -> HeldOut:
    """Held-out triples as queries with pools to choose weights on: `depth` candidates each, from the whole corpus.

    A query's positives always are in its pool, wherever BM25 puts them: what is measured here is no figure
    of a search (see `inpars.rerank.held_out` for those). Queries of the same
    words are one, under the id of the first, with the positives of all. The index of a corpus none of whose texts are
    cut is kept in `folder`.
    """
    cut = {triple.positive_id: triple.positive_text for triple in triples if triple.positive_text}
    if cut:
        index = BM25(((d.doc_id, cut.get(d.doc_id) or d.contents) for d in corpus), language=language)
    else:
        index = BM25.of(corpus, language=language, folder=folder)
    queries: dict[str, Query] = {}
    qrels: Qrels = {}
    for triple in triples:
        query = queries.setdefault(same_words(triple.query), Query(triple.query_id, triple.query))
        qrels.setdefault(query.query_id, {})[triple.positive_id] = 1
    first_stage: Run = {}
    for query in queries.values():
        scores, positives = index.search(query.text, depth), qrels[query.query_id]
        if positives.keys() - scores.keys():
            own = index.scores_of(query.text, sorted(positives))
            others = {doc_id: score for doc_id, score in scores.items() if doc_id not in positives}
            # A search sets scores that tie apart; those of documents that it found stay as they are.
            kept = {doc_id: scores.get(doc_id, score) for doc_id, score in own.items()}
            scores = top_k(others, max(0, depth - len(kept))) | kept
        first_stage[query.query_id] = scores
    needed = sorted({doc_id for scores in first_stage.values() for doc_id in scores})
    documents = {doc_id: cut.get(doc_id) or corpus[doc_id].contents for doc_id in needed}
    return HeldOut(list(queries.values()), qrels, documents, first_stage)

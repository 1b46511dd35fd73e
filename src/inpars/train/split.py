"""Splitting triples into a training part and a held-out set, by document."""

from __future__ import annotations

from collections.abc import Iterable

from inpars.data.corpora import Corpus
from inpars.data.held_out import HeldOut
from inpars.data.qrels import Qrels
from inpars.data.records import Query, Triple
from inpars.data.runs import Run, top_k
from inpars.data.seeds import generator
from inpars.errors import InparsError
from inpars.retrieve.bm25 import BM25


def split(triples: Iterable[Triple], n: int, seed: int) -> tuple[list[Triple], list[Triple]]:
    """`(training, held out)`: `n` triples of `n` documents, and all triples of other documents.

    Where triples are few, at most a fifth is held out. Queries whose words were cut out of their
    document come first: they alone tell a model that understands from one that matches words.
    """
    everything = list(triples)
    rng = generator(seed, "held out")
    order = [everything[int(place)] for place in rng.permutation(len(everything))]
    order.sort(key=lambda triple: not triple.positive_text)
    held_out: dict[str, Triple] = {}
    for triple in order:
        if len(held_out) == min(n, len(everything) // 5):
            break
        held_out.setdefault(triple.positive_id, triple)
    training = [triple for triple in everything if triple.positive_id not in held_out]
    if not held_out or not training:
        raise InparsError(
            f"{len(everything)} triples of {len({t.positive_id for t in everything})} documents are too few",
            hint="generate more queries, or give more documents",
        )
    return training, list(held_out.values())


def held_out_set(triples: list[Triple], corpus: Corpus, depth: int, language: str) -> HeldOut:
    """The development set of held-out triples over the whole corpus, `depth` candidates a query.

    A query's source document always is among its candidates, wherever BM25 puts it.
    """
    cut = {triple.positive_id: triple.positive_text for triple in triples if triple.positive_text}
    index = BM25(((d.doc_id, cut.get(d.doc_id) or d.contents) for d in corpus), language=language)
    place = {doc_id: number for number, doc_id in enumerate(index.doc_ids)}
    first_stage: Run = {}
    qrels: Qrels = {}
    for triple in triples:
        scores = index.search(triple.query, depth)
        source = triple.positive_id
        if source not in scores:
            scores = top_k(scores, depth - 1) | {source: float(index.scores(triple.query)[place[source]])}
        first_stage[triple.query_id] = scores
        qrels[triple.query_id] = {source: 1}
    needed = sorted({doc_id for scores in first_stage.values() for doc_id in scores})
    documents = {doc_id: cut.get(doc_id) or corpus[doc_id].contents for doc_id in needed}
    return HeldOut([Query(t.query_id, t.query) for t in triples], qrels, documents, first_stage)

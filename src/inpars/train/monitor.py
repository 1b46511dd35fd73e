"""Watching a user's own judged queries while a model trains: shown, never chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ir_measures

from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.texts import Texts
from inpars.data.qrels import read_qrels
from inpars.data.queries import read_queries
from inpars.data.runs import ranked, read_run, top_k
from inpars.errors import InparsError, OptionError
from inpars.models.scorers import Scorer

MEASURES = ("nDCG@10", "RR@10", "R@100")


class Monitor:
    """Judges a model on a test set as it trains, for a person to look at.

    No weights, steps or options may be chosen by what it measures: they are chosen on held-out
    synthetic queries alone, so that the test set stays one.
    """

    def __init__(
        self,
        corpus: str | Path | Corpus,
        queries: str | Path,
        run: str | Path,
        qrels: str | Path,
        depth: int = 100,
        measures: Sequence[str] = MEASURES,
    ) -> None:
        """The test set: its queries, a first stage's TREC `run` of which `depth` documents a query are reranked,
        and its judgments. `InparsError` where no judged query has both a text and candidates, or where a
        candidate is not in the corpus: before the training rather than in the middle of it.
        """
        self.corpus, self.measures = open_corpus(corpus), [_parse(name) for name in measures]
        texts = {query.query_id: query.text for query in read_queries(queries)}
        self.qrels = {q: grades for q, grades in read_qrels(qrels).items() if q in texts and max(grades.values()) > 0}
        found = read_run(run)
        self.candidates = {q: list(top_k(found[q], depth)) for q in self.qrels if q in found}
        self.queries = {query_id: texts[query_id] for query_id in self.candidates}
        if not self.queries:
            raise InparsError(
                f"none of the queries in {queries} is both judged in {qrels} and in the run {run}",
                hint="do the three files name their queries by the same ids?",
            )
        for query_id, doc_ids in self.candidates.items():
            for doc_id in doc_ids:
                if doc_id not in self.corpus:
                    raise InparsError(
                        f"the run {run} has document {doc_id!r} for query {query_id!r}, which is not in the corpus",
                        hint="was the run made over this corpus?",
                    )

    def measure(self, scorer: Scorer) -> dict[str, float]:
        """The mean of each measure over the queries that have a text and a relevant document; 0 without candidates."""
        scored = scorer.score(self.queries, Texts(self.corpus), self.candidates)
        # Ties are broken once, by id: programs that compute measures break them each in its own way.
        ranking = {
            query_id: {doc_id: float(-rank) for rank, (doc_id, _) in enumerate(ranked(scores))}
            for query_id, scores in scored.items()
        }
        sums = dict.fromkeys(map(str, self.measures), 0.0)
        for metric in ir_measures.iter_calc(self.measures, self.qrels, ranking):
            sums[str(metric.measure)] += metric.value
        return {name: value / len(self.qrels) for name, value in sums.items()}


def _parse(name: str) -> ir_measures.Measure:
    try:
        measure = ir_measures.parse_measure(name)
        measure.validate_params()
    except (NameError, ValueError, AssertionError):
        raise OptionError(
            f"unknown measure {name!r}", hint="measures are written as in nDCG@10, AP, R@100, RR@10"
        ) from None
    return measure

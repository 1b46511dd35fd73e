"""Candidates that answer the query after all: found by a scorer or a judge, left out or made positives.

RLHN (Thakur et al. 2025, arXiv 2505.16967) has language models find the false negatives; making them
positives gained more there than leaving them out.
"""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.corpora import Corpus
from inpars.models.judges import Judge, Unreadable
from inpars.negatives.config import RelabelOptions
from inpars.negatives.draft import Pair, Removed, Scores, Unjudged, Verdict, Why

_AT_ONCE = 1024
"""Pairs in one call of a judge, whose texts are held so long."""


class ByScorer:
    """A false negative scores at least the threshold; without one, at least as much as the positive."""

    def __init__(self, options: RelabelOptions, scores: Scores) -> None:
        self._threshold, self._scores, self._why = options.threshold, scores, _why(options)

    def __call__(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """A verdict for each pair."""
        return [
            Removed(self._why) if score >= (positive if self._threshold is None else self._threshold) else None
            for score, positive in self._scores(pairs)
        ]


class ByJudge:
    """A false negative has at least the grade `min_grade`; where an answer cannot be read, there is no verdict."""

    def __init__(self, options: RelabelOptions, judge: Judge, corpus: Corpus) -> None:
        self._min_grade, self._why, self._corpus = options.min_grade, _why(options), corpus
        self.judge = judge

    def __call__(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """A verdict for each pair."""
        verdicts: list[Verdict] = []
        for start in range(0, len(pairs), _AT_ONCE):
            some = pairs[start : start + _AT_ONCE]
            asked = [(draft.query.query, self._corpus[candidate.doc_id].contents) for draft, candidate in some]
            verdicts += map(self._verdict, self.judge.grades(asked, [draft.failures for draft, _ in some]))
        return verdicts

    def _verdict(self, grade: int | Unreadable) -> Verdict:
        if isinstance(grade, Unreadable):
            return Unjudged(grade.cause)
        return Removed(self._why) if grade >= self._min_grade else None


def _why(options: RelabelOptions) -> Why:
    return "promoted" if options.action == "promote" else "relabelled"

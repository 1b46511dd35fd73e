"""Accepting negatives: candidates are looked at in turn until there are enough that no rule turns down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from inpars.data.corpora import Corpus
from inpars.negatives.candidates import Candidate
from inpars.negatives.draft import Draft, Pair, Removed, Rule, Unjudged
from inpars.negatives.exclusion import Wording

_POSITIVES_HELD = 1024
"""Positives whose words are held at most: some 30 MB of documents of 150 words."""


class Draw(NamedTuple):
    """So many negatives are wanted for a draft, from candidates in this order."""

    draft: Draft
    order: Iterator[Candidate]
    wanted: int


class Acceptance:
    """The rules that a candidate must pass, the cheap ones first."""

    def __init__(self, corpus: Corpus, similarity: float, rules: Sequence[Rule]) -> None:
        """`similarity` is that from which a candidate says the same as a positive; `rules` ask models, in order."""
        self.corpus, self.similarity, self.rules = corpus, similarity, rules
        # A query's candidates are looked at together, so that its positives are read once; where judgments
        # give it more than are held, it takes longer and no more memory.
        self._positive = lru_cache(_POSITIVES_HELD)(lambda doc_id: Wording.of(corpus[doc_id]))

    def fill(self, draws: Sequence[Draw]) -> None:
        """Accept candidates until each draw has what it wants or runs out.

        Each round takes from every order as many as are lacking, so that models are asked about many
        pairs at once and about none in vain. What is accepted for one query depends on no other.
        """
        goals = [(draw, len(draw.draft.accepted) + draw.wanted) for draw in draws]
        while goals:
            pairs: list[Pair] = []
            unfinished: list[tuple[Draw, int]] = []
            for draw, goal in goals:
                lacking = goal - len(draw.draft.accepted)
                taken = list(islice(_allowed(draw), lacking))
                pairs += [(draw.draft, candidate) for candidate in taken]
                if len(taken) == lacking:
                    unfinished.append((draw, goal))
            self._round(pairs)
            goals = [(d, goal) for d, goal in unfinished if len(d.draft.accepted) < goal and not d.draft.error]

    def _round(self, pairs: list[Pair]) -> None:
        left = [pair for pair in pairs if not self._says_the_same(*pair)]
        for rule in self.rules:
            verdicts = rule(left)
            for (draft, candidate), verdict in zip(left, verdicts, strict=True):
                if isinstance(verdict, Unjudged):
                    draft.error = draft.error or f"document {candidate.doc_id!r}: {verdict.cause}"
                elif isinstance(verdict, Removed):
                    draft.removed[verdict.why] += 1
                    if verdict.why == "promoted":
                        draft.promoted.append(candidate.doc_id)
            left = [pair for pair, verdict in zip(left, verdicts, strict=True) if verdict is None]
        for draft, candidate in left:
            draft.accepted.append(candidate)
        for draft in {id(draft): draft for draft, _ in pairs}.values():
            self._heed_promotions(draft)

    def _says_the_same(self, draft: Draft, candidate: Candidate) -> bool:
        wording = Wording.of(self.corpus[candidate.doc_id])
        if same := any(wording.says_the_same(self._positive(d), self.similarity) for d in draft.positives):
            draft.removed["near_duplicate"] += 1
        return same

    def _heed_promotions(self, draft: Draft) -> None:
        """Take back near-duplicates of documents that were promoted after they were accepted, or with them."""
        if draft.heeded == len(draft.promoted):
            return
        draft.positives += draft.promoted[draft.heeded :]
        draft.heeded = len(draft.promoted)
        accepted, draft.accepted = draft.accepted, []
        draft.accepted = [candidate for candidate in accepted if not self._says_the_same(draft, candidate)]


def _allowed(draw: Draw) -> Iterator[Candidate]:
    """Candidates that are neither the source nor another known positive, nor were looked at before."""
    draft = draw.draft
    for candidate in draw.order:
        if candidate.doc_id in draft.looked_at:
            continue
        draft.looked_at.add(candidate.doc_id)
        if candidate.doc_id == draft.query.doc_id:
            draft.removed["source"] += 1
        elif candidate.doc_id in draft.known:
            draft.removed["known_positive"] += 1
        else:
            yield candidate

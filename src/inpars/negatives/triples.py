"""From a finished draft to its triples."""

from __future__ import annotations

from collections.abc import Sequence

from inpars.data.records import Triple
from inpars.negatives.candidates import Candidate
from inpars.negatives.draft import Draft
from inpars.negatives.scoring import ModelScores


def triples_of(drafts: Sequence[Draft], teacher: ModelScores | None) -> list[list[Triple]]:
    """Each draft's triples: one for its source and one for each promoted document, with the same negatives.

    Negatives stand in the order of their ranks, those that were not retrieved last. A `teacher` scores
    every passage of every triple (GPL's pseudo-labels, Wang et al. 2022, arXiv 2112.07577).
    """
    negatives = [sorted(draft.accepted, key=_hardest_first) for draft in drafts]
    found = [_triples(draft, accepted) for draft, accepted in zip(drafts, negatives, strict=True)]
    if teacher is not None and drafts:
        positives = [[draft.passage, *draft.promoted] for draft in drafts]
        passages = [[*ids, *(n.doc_id for n in accepted)] for ids, accepted in zip(positives, negatives, strict=True)]
        for triples, ids, scores in zip(
            found, positives, teacher.lists(zip(drafts, passages, strict=True)), strict=True
        ):
            for triple, score in zip(triples, scores[: len(ids)], strict=True):
                triple.teacher_scores = [score, *scores[len(ids) :]]
    return found


def _triples(draft: Draft, negatives: Sequence[Candidate]) -> list[Triple]:
    def triple(positive_id: str, positive_text: str = "") -> Triple:
        return Triple(
            query_id=draft.query.query_id,
            query=draft.query.query,
            positive_id=positive_id,
            negative_ids=[negative.doc_id for negative in negatives],
            scores=[negative.score for negative in negatives],
            ranks=[negative.rank for negative in negatives],
            positive_text=positive_text,
        )

    return [triple(draft.query.doc_id, draft.positive_text), *map(triple, draft.promoted)]


def _hardest_first(candidate: Candidate) -> tuple[bool, int, str]:
    return candidate.rank == 0, candidate.rank, candidate.doc_id

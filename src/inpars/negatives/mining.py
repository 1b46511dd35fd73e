"""A unit of queries in, what came of each out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inpars.data.corpora import Corpus
from inpars.data.records import SyntheticQuery
from inpars.data.sources import source_of, standing_in
from inpars.models.judges import open_judge
from inpars.models.language.base import LanguageModel
from inpars.models.scorers.bi_encoder import BiEncoder
from inpars.negatives import sampling
from inpars.negatives.acceptance import Acceptance, Draw
from inpars.negatives.candidates import Candidate, Candidates, Pool
from inpars.negatives.config import NegativesConfig
from inpars.negatives.draft import RULES, Draft, Rule
from inpars.negatives.exclusion import KnownPositives
from inpars.negatives.own_scores import OwnScores
from inpars.negatives.positive_aware import PositiveAware
from inpars.negatives.relabel import ByJudge, ByScorer
from inpars.negatives.scoring import Models, ModelScores
from inpars.negatives.triples import triples_of


class Miner:
    """Retrieves candidates, accepts negatives and makes the triples. Everything that is needed is loaded at once."""

    def __init__(
        self,
        corpus: Corpus,
        config: NegativesConfig,
        known: KnownPositives,
        folder: Path,
        language_model: LanguageModel | None = None,
    ) -> None:
        """`folder` keeps the retrievers' indexes; `language_model` is a ready judge."""
        self._corpus, self._config, self._known = corpus, config, known
        self._candidates = Candidates(corpus, config, folder)
        self._models = Models(config.scoring)
        self._teacher = self._scores(config.teacher) if config.teacher is not None else None
        self.judge = open_judge(config.relabel.judge, language_model) if judged(config, language_model) else None
        self._acceptance = Acceptance(corpus, config.near_duplicates, list(self._rules()))
        # In the order of their ids, so that the draw does not depend on the order of the corpus.
        self._everything = sorted(self._candidates.retrievers[0].doc_ids) if config.easy_share else []

    def mine(self, queries: Sequence[SyntheticQuery], failures: Sequence[int]) -> list[dict[str, Any]]:
        """For each query a row with its `triples`, the `dropped` query or the `error`, and its `counts`.

        `failures` says how often each ended in an error before.
        """
        pools = self._candidates.pools(query.query for query in queries)
        drafts = [self._draft(query, pool, times) for query, pool, times in zip(queries, pools, failures, strict=True)]
        counts = [self._easy_count(draft) for draft in drafts]
        config = self._config
        self._acceptance.fill(
            [
                Draw(draft, self._hard(draft), config.negatives_per_query - count)
                for draft, count in zip(drafts, counts, strict=True)
            ]
        )
        self._acceptance.fill(
            [
                Draw(draft, self._easy(draft), count)
                for draft, count in zip(drafts, counts, strict=True)
                if count and not draft.error
            ]
        )
        whole = [draft for draft in drafts if draft.accepted and not draft.error]
        triples = {id(d): found for d, found in zip(whole, triples_of(whole, self._teacher), strict=True)}
        return [self._row(draft, [triple.to_row() for triple in triples.get(id(draft), ())]) for draft in drafts]

    def _draft(self, query: SyntheticQuery, pool: Pool, failures: int) -> Draft:
        text = standing_in(query, source_of(query, self._corpus))
        known = self._known.of(query)
        others = [doc_id for doc_id in sorted(known - {query.doc_id}) if doc_id in self._corpus]
        return Draft(query, text, known, [query.doc_id, *others], pool, failures)

    def _hard(self, draft: Draft) -> Iterator[Candidate]:
        return sampling.hard(draft.pool, self._config.sample, self._config.seed, draft.query.query_id)

    def _easy(self, draft: Draft) -> Iterator[Candidate]:
        return sampling.easy(self._everything, draft.pool, self._config.seed, draft.query.query_id)

    def _easy_count(self, draft: Draft) -> int:
        config = self._config
        return sampling.easy_count(config.negatives_per_query, config.easy_share, config.seed, draft.query.query_id)

    def _rules(self) -> Iterator[Rule]:
        aware, relabel = self._config.positive_aware, self._config.relabel
        if aware.on and aware.scorer is not None:
            logits = not isinstance(self._models[aware.scorer], BiEncoder)
            yield PositiveAware(aware, self._scores(aware.scorer), logits=logits)
        elif aware.on:
            yield PositiveAware(aware, OwnScores(self._candidates.retrievers[0]), logits=False)
        if relabel.scorer is not None:
            yield ByScorer(relabel, self._scores(relabel.scorer))
        if self.judge is not None:
            yield ByJudge(relabel, self.judge, self._corpus)

    def _scores(self, model: str) -> ModelScores:
        # A model that cannot be loaded is reported before the first unit.
        _ = self._models[model]
        return ModelScores(self._models, model, self._corpus)

    def _row(self, draft: Draft, triples: list[dict[str, Any]]) -> dict[str, Any]:
        counts: dict[str, int] = dict(draft.removed.items()) | {"accepted": len(draft.accepted)}
        if draft.error:
            return {"error": draft.query.to_row() | {"failed_in": "negatives", "error": draft.error}, "counts": counts}
        if not triples:
            row = draft.query.to_row() | {"dropped_by": "negatives", "reason": self._reason(draft)}
            return {"dropped": row, "counts": counts}
        return {"triples": triples, "counts": counts}

    def _reason(self, draft: Draft) -> str:
        skip, top_k = self._config.skip_top, self._config.top_k
        where = f"from rank {skip + 1} to {top_k}" if skip else f"in the top {top_k}"
        if not draft.removed:
            return f"no candidate {where}"
        removed = [why for why in RULES if draft.removed[why]]
        told = ", ".join(f"{draft.removed[why]} {why.replace('_', ' ')}" for why in removed)
        return f"no negative among the candidates {where}: {told}"


def judged(config: NegativesConfig, language_model: LanguageModel | None) -> bool:
    """Whether a language model judges the candidates: one that is named, or one that is given."""
    return bool(config.relabel.judge.model) or language_model is not None

"""Scores by models: of candidates beside their positives, and of whole lists of passages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from inpars.data.corpora import Corpus
from inpars.data.corpora.texts import Texts
from inpars.errors import InparsError
from inpars.models.scorers import Scorer, load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.negatives.draft import Draft, Pair


class Models:
    """Scoring models by name: each is loaded when it is first asked for, and once."""

    def __init__(self, options: ScoringOptions) -> None:
        self._options = options
        self._loaded: dict[str, Scorer] = {}

    def __getitem__(self, name: str) -> Scorer:
        if name not in self._loaded:
            self._loaded[name] = load_scorer(name, self._options)
        return self._loaded[name]


class ModelScores:
    """Scores by a model. The positive is read as it is trained on, with the query's own words cut out."""

    def __init__(self, models: Models, name: str, corpus: Corpus) -> None:
        self._models, self._name, self._corpus = models, name, corpus

    def __call__(self, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
        """For each pair the score of the candidate, and that of the positive of its query."""
        wanted: dict[int, tuple[Draft, list[str]]] = {}
        for draft, candidate in pairs:
            first = [] if self._name in draft.positive_scores else [draft.passage]
            wanted.setdefault(id(draft), (draft, first))[1].append(candidate.doc_id)
        found: dict[int, dict[str, float]] = {}
        scored = self.lists(wanted.values())
        for (key, (draft, passages)), values in zip(wanted.items(), scored, strict=True):
            found[key] = dict(zip(passages, values, strict=True))
            if self._name not in draft.positive_scores:
                draft.positive_scores[self._name] = values[0]
        return [(found[id(draft)][candidate.doc_id], draft.positive_scores[self._name]) for draft, candidate in pairs]

    def lists(self, asked: Iterable[tuple[Draft, Sequence[str]]]) -> list[list[float]]:
        """The scores of each draft's passages, in their order; a passage is a document's id or `Draft.passage`."""
        wanted = {str(number): one for number, one in enumerate(asked)}
        queries = {key: draft.query.query for key, (draft, _) in wanted.items()}
        standing_in = {draft.passage: draft.positive_text for draft, _ in wanted.values() if draft.positive_text}
        scored = self._models[self._name].score(
            queries, _Passages(self._corpus, standing_in), {key: passages for key, (_, passages) in wanted.items()}
        )
        for key, scores in scored.items():
            for passage, score in scores.items():
                if not math.isfinite(score):
                    draft = wanted[key][0]
                    named = draft.query.doc_id if passage.startswith("\x00") else passage
                    raise InparsError(
                        f"{self._name}: the score of document {named!r} for query {draft.query.query_id} is {score}",
                        hint="are the model's weights whole? made for bf16 it can fail in fp16: try precision fp32",
                    )
        return [[scored[key][passage] for passage in passages] for key, (_, passages) in wanted.items()]


class _Passages(Texts):
    """The documents of a corpus, and beside them texts that stand in for some."""

    def __init__(self, corpus: Corpus, standing_in: Mapping[str, str]) -> None:
        super().__init__(corpus)
        self._standing_in = standing_in

    def __getitem__(self, passage: str) -> str:
        text = self._standing_in.get(passage)
        return super().__getitem__(passage) if text is None else text

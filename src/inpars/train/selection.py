"""Choosing the weights to keep: scored on the held-out queries, the untouched base among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ir_measures import iter_calc, nDCG
from rich.progress import Progress
from transformers import TrainerCallback

from inpars.data.files import read_jsonl, write_jsonl
from inpars.data.held_out import HeldOut
from inpars.train.config import TrainConfig
from inpars.train.families import Trainee

MEASURE = nDCG @ 10


class Candidate(NamedTuple):
    """Weights that were scored: after `step`, averaged with `base_share` of the base; nDCG@10 by query."""

    step: int
    base_share: float
    values: list[float]

    @property
    def score(self) -> float:
        """The mean over the held-out queries."""
        return float(np.mean(self.values))


class Selection(TrainerCallback):  # type: ignore[misc]
    """Scores the model before the first step and `evaluations` times after, and keeps the best in `folder/best`.

    Candidates are averages of weights, `share * base + (1 - share) * trained` (Wortsman et al. 2022,
    arXiv 2109.01903), which hold on to what the base knew. One is kept only where its mean lies
    `min_gain` standard errors of the paired differences above the base's: synthetic queries are
    easier to learn than to learn from, and a gain within the noise on them is none on real ones.
    Every score stands in `folder/candidates.jsonl`, so that a resumed training goes on where it was.
    """

    def __init__(self, trainee: Trainee, held_out: HeldOut, folder: Path, config: TrainConfig, steps: int) -> None:
        self.trainee, self.held_out, self.folder, self.config = trainee, held_out, folder, config
        self.at = {round(steps * number / config.evaluations) for number in range(1, config.evaluations + 1)}
        self.base = {name: weight.detach().clone() for name, weight in trainee.model.state_dict().items()}
        self.candidates: list[Candidate] = []
        if (scored := folder / "candidates.jsonl").is_file():
            self.candidates = [Candidate(**row) for _, row in read_jsonl(scored)]

    @property
    def best(self) -> Candidate:
        """The candidate with the highest score among the base and those far enough above it."""
        base = self.candidates[0]
        return max((c for c in self.candidates if c is base or self._gains(c)), key=lambda c: (c.score, -c.step))

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the base."""
        if not self.candidates:
            self._score(0, 1.0)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the averaged weights where it is time to, then have a checkpoint written."""
        if state.global_step in self.at:
            # What a killed training scored after its last checkpoint is scored anew.
            self.candidates = [c for c in self.candidates if c.step < state.global_step]
            for share in self.config.base_shares:
                self._score(state.global_step, share)
            control.should_save = True

    def standard_errors(self, candidate: Candidate) -> float:
        """The candidate's gain over the base, in standard errors of the paired differences; 0 for the base."""
        differences = np.subtract(candidate.values, self.candidates[0].values)
        spread = differences.std(ddof=1) / np.sqrt(len(differences))
        return float(differences.mean() / spread) if spread > 0 else 0.0

    def _gains(self, candidate: Candidate) -> bool:
        gain = candidate.score - self.candidates[0].score
        return gain > 0 and self.standard_errors(candidate) >= self.config.min_gain

    def _score(self, step: int, share: float) -> None:
        model = self.trainee.model
        trained = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
        was_training = model.training
        model.eval()
        if step:
            model.load_state_dict({name: self._average(name, weight, share) for name, weight in trained.items()})
        candidate = Candidate(step, share, score_held_out(self.trainee, self.held_out))
        self.candidates.append(candidate)
        if self.best is candidate:
            self.trainee.save(self.folder / "best")
        write_jsonl(self.folder / "candidates.jsonl", (c._asdict() for c in self.candidates))
        model.load_state_dict(trained)
        model.train(was_training)

    def _average(self, name: str, weight: Any, share: float) -> Any:
        if not weight.is_floating_point():
            return weight
        return share * self.base[name] + (1 - share) * weight


class Bar(TrainerCallback):  # type: ignore[misc]
    """Moves a progress bar with the training steps."""

    def __init__(self, bar: Progress, steps: int) -> None:
        self.bar = bar
        self.task = bar.add_task("train", total=steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One step further."""
        self.bar.update(self.task, completed=state.global_step)


def score_held_out(trainee: Trainee, held_out: HeldOut) -> list[float]:
    """The model's nDCG@10 for each held-out query, reranking its candidates."""
    queries = {query.query_id: query.text for query in held_out.queries}
    candidates = {query_id: list(scores) for query_id, scores in held_out.first_stage.items()}
    run = trainee.scorer().score(queries, held_out.documents, candidates)
    values = {metric.query_id: metric.value for metric in iter_calc([MEASURE], held_out.qrels, run)}
    return [values.get(query_id, 0.0) for query_id in queries]

"""Choosing the weights to keep: scored on the held-out queries, the untouched base among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ir_measures import calc_aggregate, nDCG
from rich.progress import Progress
from transformers import TrainerCallback

from inpars.data.files import read_json, write_json
from inpars.data.held_out import HeldOut
from inpars.data.runs import Run
from inpars.train.families import Trainee

MEASURE = nDCG @ 10


class Selection(TrainerCallback):  # type: ignore[misc]
    """Scores the model before the first step and `evaluations` times after, and keeps the best in `folder/best`.

    What is scored and kept is an average of weights, `base_share * base + (1 - base_share) * trained`
    (Wortsman et al. 2022, arXiv 2109.01903): it holds on to what the base model knew. Every score
    stands in `folder/scores.json`, so that a resumed training goes on where it was.
    """

    def __init__(
        self, trainee: Trainee, held_out: HeldOut, folder: Path, *, steps: int, evaluations: int, base_share: float
    ) -> None:
        self.trainee, self.held_out, self.folder = trainee, held_out, folder
        self.base_share = base_share
        self.at = {round(steps * number / evaluations) for number in range(1, evaluations + 1)}
        self.base = {name: weight.detach().clone() for name, weight in trainee.model.state_dict().items()}
        self.scores: dict[int, float] = {}
        if (scores := folder / "scores.json").is_file():
            self.scores = {int(step): score for step, score in read_json(scores).items()}

    @property
    def best_step(self) -> int:
        """The step with the highest score, the earliest of equals."""
        return min(self.scores, key=lambda step: (-self.scores[step], step))

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the base."""
        if 0 not in self.scores:
            self._score(0)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the averaged weights where it is time to, then have a checkpoint written."""
        if state.global_step in self.at:
            self._score(state.global_step)
            control.should_save = True

    def _score(self, step: int) -> None:
        model = self.trainee.model
        trained = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
        was_training = model.training
        model.eval()
        if step:
            model.load_state_dict({name: self._average(name, weight) for name, weight in trained.items()})
        run = score_held_out(self.trainee, self.held_out)
        self.scores[step] = calc_aggregate([MEASURE], self.held_out.qrels, run)[MEASURE]
        if self.best_step == step:
            self.trainee.save(self.folder / "best")
        write_json(self.folder / "scores.json", {str(k): v for k, v in self.scores.items()})
        model.load_state_dict(trained)
        model.train(was_training)

    def _average(self, name: str, weight: Any) -> Any:
        if not weight.is_floating_point():
            return weight
        return self.base_share * self.base[name] + (1 - self.base_share) * weight


class Bar(TrainerCallback):  # type: ignore[misc]
    """Moves a progress bar with the training steps."""

    def __init__(self, bar: Progress, steps: int) -> None:
        self.bar = bar
        self.task = bar.add_task("train", total=steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One step further."""
        self.bar.update(self.task, completed=state.global_step)


def score_held_out(trainee: Trainee, held_out: HeldOut) -> Run:
    """The model's run over the candidates of the held-out queries."""
    queries = {query.query_id: query.text for query in held_out.queries}
    candidates = {query_id: list(scores) for query_id, scores in held_out.first_stage.items()}
    return trainee.scorer().score(queries, held_out.documents, candidates)

"""Choosing the weights to keep by a selection score on the held-out queries, the untouched base among them.

The score is nDCG@10 over a pool of candidates that always has a query's source in it, wherever the
first stage puts it, so that every query tells checkpoints apart. It is no figure of a search system,
and is called what it is.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.progress import Progress
from transformers import TrainerCallback

from inpars.data.files import read_json, read_jsonl, write_json, write_jsonl
from inpars.data.held_out import HeldOut
from inpars.data.lock import check_locks
from inpars.data.measures import parse_measures, per_query
from inpars.errors import InparsError
from inpars.retrieve.fusion import PRIOR, fuse
from inpars.train.config import TrainConfig
from inpars.train.curve import Curve
from inpars.train.families import Trainee
from inpars.train.monitor import Monitor
from inpars.train.processes import Processes
from inpars.train.weights import averaged, copy_of, weights_hash

SCORE = "selection score"
"""What it is called wherever it is shown."""

_MEASURE = "nDCG@10"


class Candidate(NamedTuple):
    """Weights that were scored: after `step`, averaged with `base_share` of the base; the score by query, if any."""

    step: int
    base_share: float
    values: list[float]
    weights: str
    """Their hash."""

    @property
    def score(self) -> float:
        """The mean over the held-out queries; 0 where there are none."""
        return float(np.mean(self.values)) if self.values else 0.0


class Selection(TrainerCallback):  # type: ignore[misc]
    """Scores the model before the first step and at each evaluation, and keeps the best in `folder/best`.

    Candidates are averages of weights, `share * base + (1 - share) * trained` (Wortsman et al. 2022,
    arXiv 2109.01903), which hold on to what the base knew. One is kept only where its mean lies
    `min_gain` standard errors of the paired differences above the base's: synthetic queries are
    easier to learn than to learn from, and a gain within the noise on them is none on real ones. Where it is below 0,
    weights are kept that fall short of the base by as much: such queries may be too few to show a gain.
    A model that learns what BM25 lacks (`residual`) is scored as it will be used, fused with BM25.
    With `keep` "last" the last step's weights are kept, the best average of them where there are several;
    then nothing need be held out, and there are no scores.
    Every score stands in `folder/candidates.jsonl`, so that a resumed training goes on where it was.

    What a `monitor` measures goes into the learning curve and nowhere else.
    """

    def __init__(
        self,
        trainee: Trainee,
        held_out: HeldOut | None,
        folder: Path,
        config: TrainConfig,
        steps: int,
        processes: Processes,
        monitor: Monitor | None = None,
    ) -> None:
        self.trainee, self.held_out, self.folder, self.config = trainee, held_out, folder, config
        self.processes, self.monitor = processes, monitor
        self.at = evaluation_steps(steps, config)
        # Averaging alone needs the base's weights, and a large model's fill the memory.
        averages = processes.main and any(config.base_shares)
        self.base = copy_of(trainee.model) if averages else None
        self.candidates = self._recorded() if processes.main else []
        self.curve = Curve(folder) if processes.main else None

    @property
    def best(self) -> Candidate:
        """The best of the base and those far enough above it, or with `keep` "last" of the last step."""
        base = self.candidates[0]
        if self.config.keep == "last":
            return max(self.candidates, key=lambda c: (c.step, c.score))
        kept = [candidate for candidate in self.candidates if self._gains(candidate)]
        return max(kept, key=lambda c: (c.score, -c.step)) if kept else base

    @property
    def patience_ends(self) -> bool:
        """Whether as many evaluations as `patience` says have passed without a better one than all before."""
        scores = [(c.step, c.score) for c in self.candidates]
        last_better = max(scores, key=lambda scored: (scored[1], -scored[0]))[0]
        since = {step for step, _ in scores if step > last_better}
        return bool(self.config.patience) and len(since) >= self.config.patience

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the base, or take up the curve where a killed training left it."""
        if self.processes.main and self.curve is not None:
            self.curve.cut(state.global_step)
            if not state.global_step:
                self._evaluate(0, (1.0,))
        self.processes.wait()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Score the averaged weights where it is time to and have a checkpoint written; keep those asked for."""
        check_locks()
        every, step = self.config.keep_every, state.global_step
        if step in self.at:
            if self.processes.main:
                self._evaluate(step, self.config.base_shares)
            control.should_training_stop |= self.processes.share(self.processes.main and self.patience_ends)
            control.should_log = control.should_save = True
        # Patience may just have made this step the last.
        last = step == max(self.at) or control.should_training_stop
        if every and self.processes.main and (step % every == 0 or last):
            self.trainee.save(self.folder / f"checkpoint-{step}")

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Put loss and learning rate into the learning curve."""
        if self.curve is not None and logs and "loss" in logs:
            found = {name: logs[name] for name in ("loss", "learning_rate", "grad_norm") if name in logs}
            self.curve.add(state.global_step, **found)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """`InparsError` where training has not changed a single bit of the weights."""
        if self.processes.main and weights_hash(self.trainee.model) == self.candidates[0].weights:
            raise InparsError(
                f"after {state.global_step} steps the weights are still those of the base, bit for bit",
                hint="is the learning rate 0, or so small that nothing moves it? are all layers frozen? "
                "does the loss have a gradient (learning_curve.csv shows it)?",
            )

    def standard_errors(self, candidate: Candidate) -> float:
        """The candidate's gain over the base, in standard errors of the paired differences; 0 for the base."""
        if not candidate.values:
            return 0.0
        differences = np.subtract(candidate.values, self.candidates[0].values)
        spread = differences.std(ddof=1) / np.sqrt(len(differences))
        return float(differences.mean() / spread) if spread > 0 else 0.0

    def facts(self) -> dict[str, Any]:
        """What was chosen, and from what."""
        best, base = self.best, self.candidates[0]
        return {
            "steps": self.candidates[-1].step,
            "held_out_queries": len(self.held_out.queries) if self.held_out else 0,
            "candidates": [
                {
                    "step": candidate.step,
                    "base_share": candidate.base_share,
                    "selection_score": round(candidate.score, 4) if candidate.values else None,
                    "gain_in_standard_errors": round(self.standard_errors(candidate), 2),
                }
                for candidate in self.candidates
            ],
            "best_step": best.step,
            "best_base_share": best.base_share,
            "tuned": best is not base,
            "weights": {"base": base.weights, "model": best.weights},
        }

    def _gains(self, candidate: Candidate) -> bool:
        if candidate.weights == self.candidates[0].weights:
            return False
        gain, least = candidate.score - self.candidates[0].score, self.config.min_gain
        return (gain > 0 or least < 0) and self.standard_errors(candidate) >= least

    def _evaluate(self, step: int, shares: tuple[float, ...]) -> None:
        model = self.trainee.model
        was_training = model.training
        model.eval()
        for share in shares:
            self._score(step, share)
        if self.monitor is not None and self.curve is not None:
            measured = self.monitor.measure(self.trainee.scorer())
            self.curve.add(step, **{f"monitor {name}": value for name, value in measured.items()})
        model.train(was_training)

    def _score(self, step: int, share: float) -> None:
        # What a killed training scored after its last checkpoint stands: its weights may be the best ones.
        candidate = next((c for c in self.candidates if (c.step, c.base_share) == (step, share)), None)
        if candidate is None:
            with averaged(self.trainee.model, self.base if step else None, share):
                fused = self.config.residual == "bm25"
                values = score_held_out(self.trainee, self.held_out, fused=fused) if self.held_out else []
                candidate = Candidate(step, share, values, weights_hash(self.trainee.model))
                self.candidates.append(candidate)
                if self.best is candidate:
                    self._keep(candidate)
            write_jsonl(self.folder / "candidates.jsonl", (c._asdict() for c in self.candidates))
        if self.curve is not None and candidate.values:
            self.curve.add(step, **{_column(step, share): candidate.score})

    def _keep(self, candidate: Candidate) -> None:
        """Write the model as it stands to `folder/best`; a kill leaves the one before it or this one."""
        best, fresh = self.folder / "best", self.folder / "best.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.trainee.save(fresh)
        write_json(fresh / "candidate.json", candidate._asdict())
        shutil.rmtree(best, ignore_errors=True)
        os.replace(fresh, best)

    def _recorded(self) -> list[Candidate]:
        """What was scored before a kill, the weights that lie in `folder/best` included."""
        best, fresh = self.folder / "best", self.folder / "best.new"
        if not best.exists() and (fresh / "candidate.json").is_file():
            os.replace(fresh, best)
        rows = [row for _, row in read_jsonl(scored)] if (scored := self.folder / "candidates.jsonl").is_file() else []
        if (kept := best / "candidate.json").is_file() and (row := read_json(kept)) not in rows:
            rows.append(row)
        return [Candidate(**row) for row in rows]


def evaluation_steps(steps: int, config: TrainConfig) -> set[int]:
    """After which steps the model is scored; the last is always among them."""
    if config.eval_every:
        return {*range(config.eval_every, steps, config.eval_every), steps}
    return {round(steps * number / config.evaluations) for number in range(1, config.evaluations + 1)}


def _column(step: int, share: float) -> str:
    return SCORE + (f" with {share:g} of the base" if step and share else "")


class Bar(TrainerCallback):  # type: ignore[misc]
    """Moves a progress bar with the training steps."""

    def __init__(self, bar: Progress, steps: int) -> None:
        self.bar = bar
        self.task = bar.add_task("train", total=steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One step further."""
        self.bar.update(self.task, completed=state.global_step)


def score_held_out(trainee: Trainee, held_out: HeldOut, *, fused: bool = False) -> list[float]:
    """The model's selection score for each held-out query, reranking its pool, alone or `fused` with BM25."""
    queries = {query.query_id: query.text for query in held_out.queries}
    candidates = {query_id: list(scores) for query_id, scores in held_out.first_stage.items()}
    run = trainee.scorer().score(queries, held_out.documents, candidates)
    if fused:
        run = {q: fuse([held_out.first_stage[q], scores], [1 - PRIOR, PRIOR]) for q, scores in run.items()}
    values: list[float] = per_query(run, held_out.qrels, parse_measures([_MEASURE]))[_MEASURE].tolist()
    found = dict(zip(held_out.qrels, values, strict=True))
    return [found[query_id] for query_id in queries]

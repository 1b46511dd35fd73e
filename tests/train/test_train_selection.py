"""What is evaluated while training, what is chosen by it, when it stops, and what a kill costs."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest
import torch

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.held_out import HeldOut
from inpars.data.measures import parse_measures, per_query
from inpars.errors import InparsError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.retrieve.fusion import PRIOR, fuse
from inpars.train import selection
from inpars.train.card import model_card
from inpars.train.config import TrainConfig
from inpars.train.selection import Candidate, Selection, evaluation_steps
from inpars.train.weights import averaged, copy_of, weights_hash

FAST = {
    "family": "seq2seq",
    "scheme": "monot5",
    "loss": "softmax",
    "device": "cpu",
    "precision": "fp32",
    "batch_size": 8,
    "micro_batch_size": 0,
    "held_out_queries": 10,
    "held_out_depth": 5,
    "max_length": 24,
    "max_steps": 6,
    "learning_rate": 3e-3,
    "min_gain": 0.0,
}


@pytest.fixture
def train(toy_triples, toy_corpus, tiny_seq2seq, tmp_path):
    def call(name="model", **options):
        given = FAST | {"base_model": str(tiny_seq2seq)} | options
        return inpars.train(toy_triples, toy_corpus, tmp_path / name, **given)

    return call


def curve(model):
    return json.loads((model / "learning_curve.json").read_text())


def weights(model):
    return (model / "model.safetensors").read_bytes()


def test_evaluations_are_even_or_every_so_many_steps_and_the_last_step_is_among_them():
    assert evaluation_steps(10, TrainConfig(evaluations=3)) == {3, 7, 10}
    assert evaluation_steps(10, TrainConfig(eval_every=4)) == {4, 8, 10}
    assert evaluation_steps(3, TrainConfig(eval_every=4)) == {3}


def test_the_learning_curve_has_loss_rate_and_the_held_out_scores_of_each_share(train):
    model = train(eval_every=2, base_shares=[0.5, 0.0], arguments={"logging_steps": 1})
    rows = curve(model)
    assert [row["step"] for row in rows] == [*range(7)]
    scored = {(c["step"], c["base_share"]): c["selection_score"] for c in facts_of(model)["candidates"]}
    assert rows[0]["selection score"] == pytest.approx(scored[0, 1.0], abs=1e-4)
    for row in rows[2::2]:
        assert row["selection score"] == pytest.approx(scored[row["step"], 0.0], abs=1e-4)
        assert row["selection score with 0.5 of the base"] == pytest.approx(scored[row["step"], 0.5], abs=1e-4)
    assert all(row["loss"] > 0 and row["learning_rate"] == 3e-3 for row in rows[1:])
    with (model / "learning_curve.csv").open() as lines:
        assert len(list(csv.DictReader(lines))) == len(rows)


def test_what_is_monitored_stands_in_the_curve_and_changes_nothing(train, toy_corpus, tmp_path):
    run = tmp_path / "run.trec"
    run.write_text(
        "".join(f"q{n} Q0 d{d:02d} {r} {9 - r} bm25\n" for n in range(10) for r, d in enumerate((n * 5, 1, 2)))
    )
    watched = {
        "monitor_queries": toy_corpus / "queries.jsonl",
        "monitor_qrels": toy_corpus / "qrels" / "test.tsv",
        "monitor_run": run,
    }
    plain, monitored = train("plain", eval_every=3), train("monitored", eval_every=3, **watched)
    shown = [row["monitor nDCG@10"] for row in curve(monitored) if "monitor nDCG@10" in row]
    assert len(shown) == 3
    assert all(0 < value <= 1 for value in shown)
    assert weights(plain) == weights(monitored)
    assert facts_of(plain)["candidates"] == facts_of(monitored)["candidates"]
    about = [json.loads((model / "inpars.json").read_text()) for model in (plain, monitored)]
    assert about[0] == about[1]


def candidates(*scores):
    return [Candidate(step, 0.0, [score], f"hash {step}") for step, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("scores", "ends"),
    [
        ((0.5, 0.4), False),
        ((0.5, 0.4, 0.5), True),
        ((0.5, 0.4, 0.6), False),
        ((0.5, 0.6, 0.6, 0.5), True),
        ((0.5, 0.4, 0.3, 0.6, 0.5), False),
    ],
)
def test_patience_ends_after_two_evaluations_no_better_than_all_before(scores, ends):
    chosen = Selection.__new__(Selection)
    chosen.config, chosen.candidates = TrainConfig(patience=2), candidates(*scores)
    assert chosen.patience_ends is ends
    chosen.config = TrainConfig(patience=0)
    assert chosen.patience_ends is False


def test_training_stops_when_patience_ends(train):
    # So small a rate changes weights and no ranking.
    facts = facts_of(train(learning_rate=1e-7, eval_every=1, patience=2))
    assert facts["steps"] == 2
    assert (facts["tuned"], facts["best_step"]) == (False, 0)


def test_the_last_steps_weights_are_kept_also_where_patience_ends_the_training(train):
    model = train(learning_rate=1e-7, max_steps=4, keep_every=2, eval_every=1, patience=3)
    assert facts_of(model)["steps"] == 3
    assert sorted(path.name for path in model.glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-3"]


def test_weights_that_stay_the_bases_are_refused_not_called_tuned(train, tmp_path):
    with pytest.raises(InparsError, match="still those of the base, bit for bit") as error:
        train(learning_rate=0)
    assert "learning rate" in error.value.hint
    assert not (tmp_path / "model").exists()


def test_without_a_share_of_the_base_no_copy_of_it_is_kept(train, monkeypatch):
    copies = []
    monkeypatch.setattr(selection, "copy_of", lambda model: copies.append(1))
    train("alone", base_shares=[0.0])
    assert not copies
    train("averaged", base_shares=[0.0, 0.5])
    assert len(copies) == 1


def test_averages_are_of_base_and_trained_and_leave_the_trained_as_they_were():
    model = torch.nn.Linear(2, 2)
    base = copy_of(model)
    with torch.no_grad():
        model.weight += 1
    before = weights_hash(model)
    with averaged(model, base, 0.25):
        assert torch.allclose(model.weight, base["weight"] + 0.75)
    assert weights_hash(model) == before


def test_a_weights_hash_tells_one_bit():
    model = torch.nn.Linear(2, 2)
    before = weights_hash(model)
    with torch.no_grad():
        model.bias[0] = -model.bias[0]
    assert weights_hash(model) != before


_KILLED = """
import os, signal, sys, json
import inpars
from inpars.train.selection import Selection

evaluate = Selection._evaluate

def killed(self, step, shares):
    if step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    evaluate(self, step, shares)

Selection._evaluate = killed
inpars.train(sys.argv[1], sys.argv[2], sys.argv[3], **json.loads(sys.argv[4]))
"""


def test_after_kill_9_the_same_call_goes_on_from_the_last_checkpoint(
    train, toy_triples, toy_corpus, tiny_seq2seq, tmp_path, monkeypatch
):
    options = {"eval_every": 2, "base_shares": [0.5, 0.0], "arguments": {"logging_steps": 1}}
    whole = train("whole", **options)
    given = json.dumps(FAST | options | {"base_model": str(tiny_seq2seq)})
    command = [sys.executable, "-c", _KILLED, str(toy_triples), str(toy_corpus), str(tmp_path / "halves"), given]
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (tmp_path / "halves").exists()
    # What a kill leaves of a checkpoint must not be taken for one.
    (tmp_path / ".halves.units" / "checkpoints" / "checkpoint-5").mkdir()
    evaluated = []
    evaluate = Selection._evaluate
    monkeypatch.setattr(Selection, "_evaluate", lambda self, *at: (evaluated.append(at[0]), evaluate(self, *at)))
    halves = train("halves", **options)
    assert evaluated == [6]
    assert weights(halves) == weights(whole)
    assert curve(halves) == curve(whole)
    assert facts_of(halves)["candidates"] == facts_of(whole)["candidates"]


def test_the_last_step_is_kept_where_it_is_asked_for_however_it_ranks(train):
    options = {"eval_every": 2, "base_shares": [0.0], "min_gain": 99.0, "keep_every": 99}
    assert not facts_of(train("best", **options))["tuned"]
    model = train("last", **options, keep="last")
    facts = facts_of(model)
    assert (facts["tuned"], facts["best_step"], facts["best_base_share"]) == (True, 6, 0.0)
    assert weights(model) == weights(model / "checkpoint-6")


def test_the_card_says_where_the_last_step_was_kept_although_it_ranks_worse(tmp_path):
    scored = [(0, 1.0, 0.5), (6, 0.0, 0.4)]
    facts = {
        "tuned": True,
        "best_step": 6,
        "best_base_share": 0.0,
        "candidates": [{"step": step, "base_share": share, "selection_score": value} for step, share, value in scored],
    }
    assert (
        "no, and they were kept all the same: selection score 0.4000, the base"
        in model_card(tmp_path, facts).read_text()
    )


def test_with_nothing_held_out_all_queries_are_trained_on_and_the_last_weights_kept(train, capsys):
    model = train("all", keep="last", held_out_queries=0, base_shares=[0.0])
    facts = facts_of(model)
    assert (facts["held_out_queries"], facts["best_step"], facts["tuned"]) == (0, 6, True)
    assert [candidate["selection_score"] for candidate in facts["candidates"]] == [None, None]
    assert facts["triples"] > facts_of(train("some", keep="last", base_shares=[0.0]))["triples"]
    assert not (model / "held_out").exists()
    assert "no query was held out" in capsys.readouterr().err
    card = (model / "README.md").read_text()
    assert "Nobody knows: no query was held out" in card
    assert "Selection scores" not in card


@pytest.mark.parametrize("options", [{"keep": "best"}, {"patience": 1}, {"base_shares": [0.0, 0.5]}])
def test_what_chooses_by_held_out_queries_needs_some(options):
    with pytest.raises(ValueError, match="leaves nothing to choose by"):
        TrainConfig(**{"keep": "last", "held_out_queries": 0, "base_shares": [0.0]} | options)
    with pytest.raises(ValueError, match="fewer than 10 tell nothing"):
        TrainConfig(held_out_queries=9)


def test_a_model_that_learns_what_bm25_lacks_is_scored_together_with_bm25(
    toy_triples, toy_corpus, tiny_bi_encoder, tmp_path
):
    given = {"base_model": str(tiny_bi_encoder), "max_steps": 2, "batch_size": 8, "max_length": 32}
    given |= {"held_out_queries": 10, "held_out_depth": 10, "precision": "fp32", "device": "cpu"}
    model = inpars.train(toy_triples, toy_corpus, tmp_path / "model", residual="bm25", **given)
    held_out = HeldOut.load(model / "held_out")
    scorer = load_scorer(tiny_bi_encoder, ScoringOptions(precision="fp32", device="cpu"))
    queries = {query.query_id: query.text for query in held_out.queries}
    run = scorer.score(queries, held_out.documents, {q: list(scores) for q, scores in held_out.first_stage.items()})
    fused = {q: fuse([held_out.first_stage[q], scores], [1 - PRIOR, PRIOR]) for q, scores in run.items()}
    expected, alone = (
        per_query(found, held_out.qrels, parse_measures(["nDCG@10"]))["nDCG@10"].mean() for found in (fused, run)
    )
    assert facts_of(model)["candidates"][0]["selection_score"] == pytest.approx(expected, abs=1e-4)
    assert expected != pytest.approx(alone, abs=1e-3)


@pytest.mark.parametrize(
    ("min_gain", "tuned", "kept"),
    [
        (0.0, (0.5, 0.5, 0.6, 0.6), 1),
        (0.0, (0.5, 0.5, 0.4, 0.6), 0),
        (0.0, (0.5, 0.5, 0.5, 0.45), 0),
        (-2.0, (0.5, 0.5, 0.5, 0.45), 1),
        (-0.5, (0.5, 0.5, 0.5, 0.45), 0),
        (-2.0, (0.5, 0.5, 0.5, 0.5), 1),
    ],
)
def test_weights_are_kept_by_how_far_they_lie_above_the_base_or_at_most_below_it(min_gain, tuned, kept):
    chosen = Selection.__new__(Selection)
    chosen.config = TrainConfig(min_gain=min_gain)
    chosen.candidates = [Candidate(0, 1.0, [0.5] * 4, "base"), Candidate(8, 0.0, list(tuned), "tuned")]
    assert chosen.best is chosen.candidates[kept]


def test_the_bases_own_weights_are_never_taken_for_tuned_ones():
    chosen = Selection.__new__(Selection)
    chosen.config = TrainConfig(min_gain=-1.0)
    chosen.candidates = [Candidate(0, 1.0, [0.5, 0.4], "same"), Candidate(8, 0.0, [0.5, 0.4], "same")]
    assert chosen.best.step == 0

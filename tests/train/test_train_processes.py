"""Two processes train one model, each on its own part of every step."""

import json
import os
import subprocess
import sys

import inpars
from inpars.data.artifacts import facts_of
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions

OPTIONS = {
    "family": "seq2seq",
    "scheme": "monot5",
    "loss": "softmax",
    "device": "cpu",
    "precision": "fp32",
    "batch_size": 8,
    "micro_batch_size": 2,
    "held_out_queries": 10,
    "held_out_depth": 5,
    "max_length": 24,
    "max_steps": 20,
    "evaluations": 2,
    "learning_rate": 1e-2,
    "min_gain": 0.0,
}
_RECORDED = """
import json, os, sys
import inpars
from inpars.train.families.by_query import ByQuery

loss, seen = ByQuery.compute_loss, []

def recorded(self, model, inputs, *args, **kwargs):
    seen.append(sorted(inputs["query"]))
    return loss(self, model, inputs, *args, **kwargs)

ByQuery.compute_loss = recorded
inpars.train(sys.argv[1], sys.argv[2], sys.argv[3], **json.loads(sys.argv[4]))
with open(f"{sys.argv[3]}.seen.{os.environ.get('RANK', 0)}", "w") as file:
    json.dump(seen, file)
"""


def test_two_processes_make_the_steps_of_one(toy_triples, toy_corpus, tiny_seq2seq, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(_RECORDED)
    given = json.dumps(OPTIONS | {"base_model": str(tiny_seq2seq)})
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(
        [*launch, str(toy_triples), str(toy_corpus), str(tmp_path / "two"), given],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("train: kept") == 1, done.stderr
    one, two = (json.loads((tmp_path / f"two.seen.{rank}").read_text()) for rank in (0, 1))
    assert len(one) == len(two) == 20 * 2
    single = inpars.train(toy_triples, toy_corpus, tmp_path / "one", **json.loads(given))
    facts, alone = facts_of(tmp_path / "two"), facts_of(single)
    assert facts["tuned"] is True
    assert facts["steps"] == 20
    scores = [[c["selection_score"] for c in told["candidates"]] for told in (facts, alone)]
    assert abs(scores[0][1] - scores[1][1]) < 0.2, "the same queries in each step, summed in another order"
    for step in range(20):
        here, there = ([*part[2 * step], *part[2 * step + 1]] for part in (one, two))
        assert len(here) == len(there) == 4
        assert not set(here) & set(there)
    scorer = load_scorer(tmp_path / "two", ScoringOptions(precision="fp32", device="cpu"))
    assert scorer.score({"q": "wing"}, {"1": "wing"}, {"q": ["1"]})["q"]["1"] != 0

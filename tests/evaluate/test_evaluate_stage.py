from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import inpars
from inpars.cli import main
from inpars.data.corpora import open_corpus
from inpars.data.qrels import Qrels, read_qrels
from inpars.data.queries import read_queries
from inpars.data.runs import Run, write_run
from inpars.errors import InparsError, OptionError
from inpars.evaluate import Evaluation
from inpars.rerank import search
from inpars.retrieve.bm25 import BM25

QRELS: Qrels = {f"q{n}": {"a": 1} for n in range(8)}
GOOD: Run = {f"q{n}": {"a": 2.0, "b": 1.0} for n in range(8)}
BAD: Run = {f"q{n}": {"b": 2.0, "a": 1.0} for n in range(8)}
MIXED: Run = {f"q{n}": (GOOD if n % 2 else BAD)[f"q{n}"] for n in range(8)}
RUNS = {"bad": BAD, "mixed": MIXED, "good": GOOD}


@pytest.fixture(scope="module")
def cranfield(collection: Callable[[str], Path]) -> tuple[dict[str, Run], Path]:
    """Two BM25 runs with different parameters, and the judgments' file."""
    folder = collection("cranfield")
    corpus, queries = open_corpus(folder), read_queries(folder / "queries.jsonl")
    runs = {f"k1={k1}": BM25.of(corpus, k1=k1).search_all(queries, 100) for k1 in (0.9, 3.0)}
    return runs, folder / "qrels" / "test.tsv"


def compared(evaluation: Evaluation) -> list[tuple[str, str]]:
    return [(comparison.system, comparison.baseline) for comparison in evaluation.comparisons]


def test_means_are_over_every_judged_query_with_a_relevant_document() -> None:
    qrels = QRELS | {"missing": {"a": 1}, "nothing relevant": {"a": 0}}
    evaluation = inpars.evaluate({"good": GOOD}, qrels, measures=["RR"])
    assert evaluation.systems == {"good": {"RR": pytest.approx(8 / 9)}}
    assert set(evaluation.queries) == QRELS.keys() | {"missing"}
    assert evaluation.comparisons == []


def test_every_run_is_compared_with_the_first() -> None:
    assert compared(inpars.evaluate(RUNS, QRELS, measures=["RR"])) == [("mixed", "bad"), ("good", "bad")]


def test_every_run_is_compared_with_the_baseline_that_is_named() -> None:
    evaluation = inpars.evaluate(RUNS, QRELS, measures=["RR"], baseline="good")
    assert compared(evaluation) == [("bad", "good"), ("mixed", "good")]


def test_pairs_say_what_is_compared_with_what() -> None:
    pairs = [("good", "mixed"), ("mixed", "bad")]
    evaluation = inpars.evaluate(RUNS, QRELS, measures=["RR", "AP"], pairs=pairs)
    assert compared(evaluation) == pairs * 2
    assert [comparison.measure for comparison in evaluation.comparisons] == ["RR", "RR", "AP", "AP"]


def test_a_comparison_as_worked_out_by_hand() -> None:
    # RR is 1 against 1/2 on all eight queries: 2 of 2^8 sign patterns are as extreme. Against `bad`,
    # `mixed` gains on four of eight: 2 of the 2^4 patterns of those four. Holm doubles the smaller.
    evaluation = inpars.evaluate(RUNS, QRELS, measures=["RR"])
    mixed, good = evaluation.comparisons
    assert (good.delta, good.p_value, good.p_holm) == pytest.approx((0.5, 2 / 256, 4 / 256))
    assert (mixed.delta, mixed.p_value, mixed.p_holm) == pytest.approx((0.25, 2 / 16, 2 / 16))
    assert (good.ci_low, good.ci_high) == (0.5, 0.5)
    assert 0 < mixed.ci_low < 0.25 < mixed.ci_high < 0.5


def test_a_system_against_its_equal_has_p_one() -> None:
    [comparison] = inpars.evaluate({"one": MIXED, "same": dict(MIXED)}, QRELS, measures=["AP"]).comparisons
    assert (comparison.delta, comparison.p_value, comparison.p_holm) == (0, 1, 1)


def test_ties_and_the_order_of_a_run_do_not_matter(tmp_path: Path) -> None:
    lines = [f"q{n} Q0 {doc_id} 1 5.0 tag\n" for n in range(8) for doc_id in "abc"]
    results = []
    for name, order in (("forwards", lines), ("backwards", lines[::-1])):
        (tmp_path / name).write_text("".join(order))
        results.append(inpars.evaluate({"run": tmp_path / name}, QRELS).systems)
    assert results[0] == results[1]
    assert results[0]["run"]["RR@10"] == pytest.approx(1 / 3), "the judged document has the smallest id"


def test_files_and_objects_give_the_same(cranfield: tuple[dict[str, Run], Path], tmp_path: Path) -> None:
    runs, qrels = cranfield
    for name, run in runs.items():
        write_run(tmp_path / name, run, "test")
    from_files = inpars.evaluate({name: tmp_path / name for name in runs}, qrels)
    assert from_files == inpars.evaluate(runs, read_qrels(qrels))


def test_saved_means_are_those_of_the_saved_values(cranfield: tuple[dict[str, Run], Path], tmp_path: Path) -> None:
    evaluation = inpars.evaluate(*cranfield)
    evaluation.save(tmp_path / "out" / "metrics.json")
    saved = json.loads((tmp_path / "out" / "metrics.json").read_text())
    values: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    with (tmp_path / "out" / "metrics.per_query.tsv").open(newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            values[row["system"], row["measure"]][row["query_id"]] = float(row["value"])
    assert saved["queries"] == 225
    assert list(saved["systems"]) == ["k1=0.9", "k1=3.0"]
    for system, means in saved["systems"].items():
        assert list(means) == ["nDCG@10", "AP", "R@100", "RR@10"]
        for measure, mean in means.items():
            assert len(values[system, measure]) == 225
            assert np.mean(list(values[system, measure].values())) == pytest.approx(mean, abs=1e-6)
    for comparison in saved["comparisons"]:
        one, other = (
            np.array(list(values[comparison[role], comparison["measure"]].values())) for role in ("system", "baseline")
        )
        assert (one - other).mean() == pytest.approx(comparison["delta"], abs=1e-6)
        assert comparison["ci_low"] <= comparison["delta"] <= comparison["ci_high"]
        assert 0 < comparison["p_value"] <= comparison["p_holm"] <= 1


def test_a_run_without_any_judged_query_is_refused_by_name() -> None:
    message = "run 'other' and the judgments share no query: the run has 'x1', the judgments have 'q0', 'q1', 'q2', …"
    with pytest.raises(InparsError, match=message) as error:
        inpars.evaluate({"good": GOOD, "other": {"x1": {"a": 1.0}}}, QRELS)
    assert "query ids" in error.value.hint


def test_no_run_is_refused() -> None:
    with pytest.raises(InparsError, match="no run"):
        inpars.evaluate({}, QRELS)


def test_an_unknown_baseline_is_suggested() -> None:
    with pytest.raises(OptionError, match="unknown baseline 'goood'") as error:
        inpars.evaluate(RUNS, QRELS, baseline="goood")
    assert "did you mean 'good'?" in error.value.hint


@pytest.mark.parametrize("pair", [("goood", "bad"), ("bad", "goood")])
def test_an_unknown_run_in_a_pair_is_suggested(pair: tuple[str, str]) -> None:
    with pytest.raises(OptionError, match="unknown run 'goood'") as error:
        inpars.evaluate(RUNS, QRELS, pairs=[pair])
    assert "did you mean 'good'?" in error.value.hint


def test_unknown_measures_are_all_listed() -> None:
    with pytest.raises(OptionError, match="'nDGC@10', 'recall'"):
        inpars.evaluate(RUNS, QRELS, measures=["nDGC@10", "recall"])


def test_queries_that_a_run_lacks_are_said_once_for_each_run_concerned(capsys: pytest.CaptureFixture[str]) -> None:
    most = {query_id: GOOD[query_id] for query_id in list(GOOD)[:7]}
    few = {query_id: GOOD[query_id] for query_id in list(GOOD)[:2]} | {"nobody judged this": {"a": 1.0}}
    qrels = QRELS | {"excluded": {"a": 1}, "nothing relevant": {"a": 0}}
    inpars.evaluate({"good": GOOD, "most": most, "few": few}, qrels, measures=["RR", "AP"], exclude=["excluded"])
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "evaluate: 1 of 8 judged queries is not in most and counts 0",
        "evaluate: 6 of 8 judged queries are not in few and count 0",
    ]
    assert not said.out


def test_documents_that_are_never_judged_are_shown_beside_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    prefixed = {
        query_id: {f"doc-{doc_id}": score for doc_id, score in found.items()} for query_id, found in GOOD.items()
    }
    evaluation = inpars.evaluate({"good": GOOD, "prefixed": prefixed}, QRELS, measures=["ndcg_cut_10"])
    assert evaluation.systems["prefixed"] == {"nDCG@10": 0}
    assert capsys.readouterr().err.splitlines() == [
        "evaluate: no document of prefixed is judged for any query: the run has 'doc-a', 'doc-b', "
        "the judgments have 'a'; are the document ids of the two the same?"
    ]


def test_one_file_of_questions_is_searched_for_and_evaluated_by_the_same_ids(tmp_path: Path, toy_corpus: Path) -> None:
    first = json.loads((toy_corpus / "corpus.jsonl").read_text().splitlines()[0])
    (tmp_path / "judged.csv").write_text(f'question,document,grade\n"{first["text"]}",{first["_id"]},1\n')
    run = search(toy_corpus, tmp_path / "judged.csv", tmp_path / "run.trec")
    assert inpars.evaluate({"bm25": run}, tmp_path / "judged.csv", measures=["RR@10"]).systems["bm25"] == {"RR@10": 1}


def test_several_measures_may_stand_behind_one_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.trec").write_text("1 Q0 d1 1 2.0 r\n1 Q0 d2 2 1.0 r\n")
    Path("q.txt").write_text("1 0 d2 1\n")
    main(["evaluate", "r.trec", "--qrels", "q.txt", "--measures", "recip_rank", "recall_100", "map"])
    printed = capsys.readouterr().out
    assert all(measure in printed for measure in ("RR", "R@100", "AP"))
    # A file that is called like a measure is a run.
    Path("map").write_text("1 Q0 d2 1 2.0 r\n")
    main(["evaluate", "r.trec", "map", "--qrels", "q.txt", "--measures", "RR"])
    assert "1.0000" in capsys.readouterr().out

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import ir_measures
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from inpars.data.corpora import open_corpus
from inpars.data.measures import parse_measures, per_query
from inpars.data.qrels import Qrels, read_qrels
from inpars.data.queries import read_queries
from inpars.data.runs import Run
from inpars.errors import OptionError
from inpars.retrieve.bm25 import BM25

NAMES = ["nDCG@10", "AP", "R@100", "RR@10", "RR", "P@20", "Judged@10", "AP(rel=2)"]


def values(run: Run, qrels: Qrels, *names: str) -> dict[str, list[float]]:
    return {name: found.tolist() for name, found in per_query(run, qrels, parse_measures(names)).items()}


def test_means_on_a_real_collection_are_those_of_ir_measures(collection: Callable[[str], Path]) -> None:
    folder = collection("cranfield")
    qrels = read_qrels(folder / "qrels" / "test.tsv")
    # Whole numbers far apart, so that no program has a tie to break.
    found = BM25.of(open_corpus(folder)).search_all(read_queries(folder / "queries.jsonl"), 100)
    run = {query_id: {doc_id: float(-rank) for rank, doc_id in enumerate(scores)} for query_id, scores in found.items()}
    expected = ir_measures.calc_aggregate(parse_measures(NAMES), qrels, run)
    ours = per_query(run, qrels, parse_measures(NAMES))
    assert {name: float(found.mean()) for name, found in ours.items()} == pytest.approx(
        {str(measure): value for measure, value in expected.items()}
    )


def test_values_are_those_of_the_definitions() -> None:
    qrels = {"q": {"a": 1, "b": 2, "c": 0}}
    run = {"q": {"c": 3.0, "b": 2.0, "a": 1.0}}
    ideal = 2 + 1 / math.log2(3)
    assert values(run, qrels, "AP", "RR", "P@2", "nDCG@10") == {
        "AP": [pytest.approx((1 / 2 + 2 / 3) / 2)],
        "RR": [0.5],
        "P@2": [0.5],
        "nDCG@10": [pytest.approx((2 / math.log2(3) + 1 / math.log2(4)) / ideal)],
    }


def test_a_query_that_the_run_lacks_or_finds_nothing_for_counts_zero() -> None:
    qrels = {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 1}}
    assert values({"q2": {"a": 1.0}, "q3": {}}, qrels, "AP", "RR@10") == {"AP": [0, 1, 0], "RR@10": [0, 1, 0]}


def test_a_query_without_judgments_does_not_count() -> None:
    assert values({"q1": {"a": 1.0}, "other": {"b": 1.0}}, {"q1": {"a": 1}}, "AP") == {"AP": [1.0]}


def test_values_stand_in_the_order_of_the_judgments() -> None:
    qrels = {"q2": {"a": 1}, "q1": {"b": 1}}
    assert values({"q1": {"a": 1.0}, "q2": {"a": 1.0}}, qrels, "RR") == {"RR": [1.0, 0.0]}


@pytest.mark.parametrize(("relevant", "reciprocal_rank"), [("a", 1 / 3), ("b", 1 / 2), ("c", 1)])
def test_every_measure_breaks_ties_by_descending_document_id_whatever_the_order_of_the_run(
    relevant: str, reciprocal_rank: float
) -> None:
    for seed in range(5):
        doc_ids = random.Random(seed).sample("abc", 3)
        found = values({"q": dict.fromkeys(doc_ids, 7.0)}, {"q": {relevant: 1}}, "AP", "RR", "RR@10")
        assert found == {name: [pytest.approx(reciprocal_rank)] for name in ("AP", "RR", "RR@10")}


@pytest.mark.parametrize(("relevant", "reciprocal_rank"), [("a", 1 / 2), ("b", 1)])
@pytest.mark.parametrize("scores", [(1000.000001, 1000.0), (0.123456789, 0.123456788), (3e9, 3e9 - 1), (1e300, 2e300)])
def test_scores_that_are_equal_in_single_precision_are_ties(
    scores: tuple[float, float], relevant: str, reciprocal_rank: float
) -> None:
    found = values({"q": dict(zip("ab", scores, strict=True))}, {"q": {relevant: 1}}, "AP", "RR", "RR@10", "P@1")
    assert found == {name: [reciprocal_rank] for name in ("AP", "RR", "RR@10")} | {"P@1": [reciprocal_rank // 1]}


# Few different scores, some of them apart in double precision only; ids whose order as text is not that as numbers,
# and some beyond ASCII, which trec_eval compares byte by byte.
_SCORES = st.sampled_from([0.0, 1.0, 1.0 + 1e-9, -1.0, 0.5, 0.5 + 1e-10, 12.25, 1e-40, 3e38])
_DOC_IDS = st.sampled_from(["d1", "d10", "d2", "D2", "é", "z", "日本", "𝄞", "d-1"])
_RUNS = st.dictionaries(_DOC_IDS, _SCORES, min_size=1)
_JUDGED = st.dictionaries(_DOC_IDS, st.integers(0, 2), min_size=1).filter(lambda judged: any(judged.values()))


@settings(max_examples=300, deadline=None)
@given(run=_RUNS, judged=_JUDGED)
def test_tied_runs_are_measured_as_pytrec_eval_measures_them(run: dict[str, float], judged: dict[str, int]) -> None:
    theirs = {"nDCG@5": "ndcg_cut_5", "AP": "map", "RR": "recip_rank", "P@5": "P_5", "R@5": "recall_5"}
    evaluator = pytrec_eval.RelevanceEvaluator({"q": judged}, set(theirs.values()))
    expected = evaluator.evaluate({"q": run})["q"]
    found = values({"q": run}, {"q": judged}, *theirs)
    assert {name: value for name, (value,) in found.items()} == pytest.approx(
        {n: expected[t] for n, t in theirs.items()}
    )


def test_measures_keep_their_names_and_aliases_become_the_usual_one() -> None:
    assert [str(measure) for measure in parse_measures([*NAMES, "MAP", "MRR@10"])] == [*NAMES, "AP", "RR@10"]


@pytest.mark.parametrize(
    ("usual", "spellings"),
    [
        ("nDCG@10", "ndcg_cut_10 ndcg_cut.10 NDCG@10 ndcg@10 ndcg_at_10 nDCG_10 NDCG10"),
        ("nDCG", "ndcg NDCG"),
        ("AP", "map MAP ap mean_average_precision mean-average-precision"),
        ("AP@100", "map_cut_100 map_cut.100 MAP@100"),
        ("AP(rel=2)", "map(rel=2) MAP(rel=2)"),
        ("R@100", "recall_100 recall.100 Recall@100 recall@100 recall_at_100"),
        ("RR", "recip_rank mrr MRR"),
        ("RR@10", "MRR@10 mrr_10 mrr_at_10"),
        ("RR(rel=2)@10", "MRR(rel=2)@10"),
        ("P@10", "P_10 P.10 p@10 Precision@10"),
        ("Success@1", "success_1 Hit@1 hits@1 hit_rate@1"),
        ("Bpref", "bpref"),
        ("Rprec", "Rprec rprec R_prec R-precision R-Precision"),
        ("infAP", "infAP infap"),
        ("SetF", "set_F set_f F1 f1"),
        ("IPrec@0.1", "iprec_at_recall_0.10 IPrec@0.1"),
        ("NumRet", "num_ret"),
        ("Judged@10", "judged_10"),
    ],
)
def test_a_measure_may_be_named_as_trec_eval_and_others_name_it(usual: str, spellings: str) -> None:
    names = spellings.split()
    assert {name: str(*parse_measures([name])) for name in names} == dict.fromkeys(names, usual)


def test_several_cutoffs_in_one_name_are_as_many_measures() -> None:
    assert list(map(str, parse_measures(["P.5,10", "ndcg_cut_10,20"]))) == ["P@5", "P@10", "nDCG@10", "nDCG@20"]


@pytest.mark.parametrize("name", ["RBP", "rbp@10", "RBP(p=0.8)", "alpha_nDCG@20", "alpha-nDCG@20", "StRecall@5"])
def test_a_measure_that_another_program_computes_is_told_as_such(name: str) -> None:
    with pytest.raises(OptionError, match=r"cannot be computed here: ir-measures needs another program") as error:
        parse_measures(["AP", name])
    assert repr(name) in error.value.message


def test_f1_has_no_cutoff() -> None:
    with pytest.raises(OptionError, match="unknown measure 'F1@10'") as error:
        parse_measures(["F1@10"])
    assert error.value.hint.startswith("did you mean SetF?")


def test_all_unknown_measures_are_listed_at_once_with_what_may_be_meant() -> None:
    with pytest.raises(OptionError, match=r"unknown measure 'nDGC@5', 'quality', 'recall'") as error:
        parse_measures(["nDGC@5", "AP", "quality", "recall"])
    assert error.value.hint.startswith("did you mean nDCG@5? did you mean R@10? measures are written as in nDCG@10")


@pytest.mark.parametrize(
    "name", ["", "P", "nDCG@0", "nDCG@-1", "nDCG@ten", "nDCG(", "AP(foo=2)", "AP(rel=x)", "nDCG@10 AP", "import os"]
)
def test_a_measure_that_cannot_be_computed_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match="unknown measure"):
        parse_measures([name])

"""Candidates that score too close to the positive."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpars.data.artifacts import facts_of
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document, SyntheticQuery
from inpars.errors import InparsError, NothingProduced, OptionError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.negatives.config import PositiveAwareOptions
from inpars.negatives.draft import Removed
from inpars.negatives.positive_aware import PositiveAware
from inpars.retrieve.bm25 import BM25

EXACT = {"precision": "fp32", "device": "cpu", "engine": "eager"}


def kept(scores: list[tuple[float, float]], *, logits: bool = False, **options: float) -> list[bool]:
    rule = PositiveAware(PositiveAwareOptions(**options), lambda pairs: scores, logits=logits)
    verdicts = rule([None] * len(scores))  # type: ignore[list-item]
    assert all(verdict in (None, Removed("positive_aware")) for verdict in verdicts)
    return [verdict is None for verdict in verdicts]


def test_what_scores_above_a_share_of_the_positive_is_left_out() -> None:
    assert kept([(0.94, 1.0), (0.95, 1.0), (0.96, 1.0), (1.2, 1.0), (-3.0, 1.0)], max_share=0.95) == [
        *(True, True, False, False, True)
    ]


def test_what_scores_within_a_margin_of_the_positive_is_left_out() -> None:
    assert kept([(7.9, 10), (8, 10), (8.1, 10), (11, 10)], margin=2) == [True, True, False, False]


def test_with_both_limits_either_leaves_out() -> None:
    assert kept([(9.6, 10), (9.4, 10), (8.9, 10)], margin=1, max_share=0.95) == [False, False, True]


def test_a_share_of_a_logit_is_one_of_its_probability() -> None:
    # The sigmoid of 2 is 0.881 and 0.95 of it 0.837, the sigmoid of 1.635.
    assert kept([(1.63, 2), (1.64, 2)], logits=True, max_share=0.95) == [True, False]
    # Below 0, where a share of the logit itself would lie above it.
    assert kept([(-5.06, -5), (-5.04, -5)], logits=True, max_share=0.95) == [True, False]
    assert kept([(-1000, 800), (900, 800)], logits=True, max_share=0.95) == [True, False]


def test_nothing_that_scores_above_a_positive_below_zero_is_a_negative() -> None:
    assert kept([(-0.11, -0.1), (-0.096, -0.1)], max_share=0.95) == [True, False]


def test_the_retrievers_own_scores_decide_where_no_scorer_is_given(
    mined: Callable[..., Any], wings: list[Document]
) -> None:
    index = BM25.of(MemoryCorpus(wings))
    scores = index.search("wing", 8)
    found = mined([SyntheticQuery("wing", "w6")], MemoryCorpus(wings), negatives_per_query=9, positive_aware={
        "max_share": 0.9
    })  # fmt: skip
    expected = [doc_id for doc_id, score in scores.items() if doc_id != "w6" and score <= 0.9 * scores["w6"]]
    assert 0 < len(expected) < 7
    assert found.triples[0].negative_ids == expected
    assert facts_of(found.output)["candidates"]["positive_aware"] == 7 - len(expected)


@pytest.mark.parametrize("retriever", ["bm25", "dense"])
def test_what_the_retriever_did_not_find_has_its_score_all_the_same(
    retriever: str, mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path
) -> None:
    corpus = open_corpus(toy_corpus)
    texts = {document.doc_id: document.contents for document in corpus}
    query, margin = "slender cone", 0.25 if retriever == "bm25" else 0.01
    if retriever == "bm25":
        index = BM25.of(corpus)
        scores = dict(zip(index.doc_ids, index.scores(query).tolist(), strict=True))
    else:
        scorer = load_scorer(tiny_bi_encoder, ScoringOptions(precision="fp32", device="cpu"))
        scores = scorer.score({"q": query}, texts, {"q": list(texts)})["q"]
    source = sorted(scores, key=lambda doc_id: -scores[doc_id])[9]
    found = mined(
        [SyntheticQuery(query, source)],
        corpus,
        retriever="bm25" if retriever == "bm25" else str(tiny_bi_encoder),
        top_k=3,
        easy_share=1.0,
        negatives_per_query=60,
        near_duplicates=1,
        positive_aware={"margin": margin},
        scoring=EXACT,
    )
    expected = {doc_id for doc_id, score in scores.items() if score <= scores[source] - margin}
    assert 5 < len(expected) < 50
    assert set(found.triples[0].negative_ids) == expected
    assert set(found.triples[0].ranks) == {0}


@pytest.mark.parametrize("retriever", ["bm25", "dense"])
def test_the_retrievers_own_scores_are_of_the_positive_as_it_is_trained_on(
    retriever: str, mined: Callable[..., Any], toy_corpus: Path, tiny_bi_encoder: Path
) -> None:
    corpus = open_corpus(toy_corpus)
    source = next(document for document in corpus if len(document.text.split()) > 12)
    words = source.text.split()
    query = SyntheticQuery(" ".join(words[:6]), source.doc_id, " ".join(words[4:]))
    texts = {document.doc_id: document.contents for document in corpus if document.doc_id != source.doc_id}
    if retriever == "bm25":
        # The cut text among the documents, whose own weights it hardly changes.
        whole, cut = (BM25([*texts.items(), ("s", text)]) for text in (source.contents, query.doc_text))
        scores = dict(zip(cut.doc_ids, cut.scores(query.query).tolist(), strict=True))
        inflated = float(whole.scores(query.query)[-1])
    else:
        scorer = load_scorer(tiny_bi_encoder, ScoringOptions(precision="fp32", device="cpu"))
        passages = texts | {"s": query.doc_text, "whole": source.contents}
        scores = scorer.score({"q": query.query}, passages, {"q": list(passages)})["q"]
        inflated = scores.pop("whole")
    limit = scores.pop("s")
    assert abs(limit - inflated) > 1e-3
    found = mined(
        [query],
        corpus,
        retriever="bm25" if retriever == "bm25" else str(tiny_bi_encoder),
        negatives_per_query=60,
        near_duplicates=1,
        positive_aware={"margin": 0},
        scoring=EXACT,
    )
    negatives = found.triples[0].negative_ids if found.triples else []
    matching = {doc_id for doc_id, score in scores.items() if score > 0 or retriever == "dense"}
    assert set(negatives) == {doc_id for doc_id in matching if scores[doc_id] <= limit}
    assert set(negatives) != {doc_id for doc_id in matching if scores[doc_id] <= inflated}


def test_a_cross_encoder_decides_with_the_positive_as_it_is_trained_on(
    mined: Callable[..., Any], toy_corpus: Path, tiny_cross_encoder: Path
) -> None:
    corpus = open_corpus(toy_corpus)
    sources = list(corpus)[:12]
    queries = [
        SyntheticQuery(" ".join(d.text.split()[:3]), d.doc_id, d.title if number % 2 else "")
        for number, d in enumerate(sources)
    ]
    found = mined(queries, corpus, negatives_per_query=60, scoring=EXACT, positive_aware={
        "scorer": str(tiny_cross_encoder), "margin": 0
    })  # fmt: skip
    scorer = load_scorer(tiny_cross_encoder, ScoringOptions(**EXACT))
    texts = {document.doc_id: document.contents for document in corpus}
    everything = mined(queries, corpus, "all.jsonl", negatives_per_query=60)
    accepted = {triple.query_id: triple.negative_ids for triple in found.triples}
    differ = 0
    for query, whole in zip(queries, everything.triples, strict=True):
        passages = texts | {"positive": query.doc_text or texts[query.doc_id]}
        scores = scorer.score({"q": query.query}, passages, {"q": ["positive", *whole.negative_ids]})["q"]
        expected = [doc_id for doc_id in whole.negative_ids if scores[doc_id] <= scores["positive"]]
        differ += len(expected) < len(whole.negative_ids)
        assert accepted.get(query.query_id, []) == expected
    assert differ > 3


def test_a_scorer_without_a_limit_and_several_retrievers_without_a_scorer_are_refused(
    mined: Callable[..., Any], wings: list[Document]
) -> None:
    query = [SyntheticQuery("wing", "w1")]
    with pytest.raises(OptionError, match="a scorer needs a limit"):
        mined(query, MemoryCorpus(wings), positive_aware={"scorer": "some/model"})
    with pytest.raises(OptionError, match="several retrievers have no scores in common"):
        mined(query, MemoryCorpus(wings), retriever=["bm25", "some/model"], positive_aware={"margin": 1})


def test_a_score_that_is_no_number_is_an_error_with_its_query(
    mined: Callable[..., Any], toy_corpus: Path, tiny_cross_encoder: Path, tmp_path: Path
) -> None:
    import shutil

    from safetensors.numpy import load_file, save_file

    broken = tmp_path / "broken"
    shutil.copytree(tiny_cross_encoder, broken)
    weights = load_file(broken / "model.safetensors")
    weights["classifier.bias"] = np.array([math.nan], dtype=np.float32)
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InparsError, match=r"the score of document '\w+' for query \w+ is nan"):
        mined(
            [SyntheticQuery("wing lift", "d00")],
            open_corpus(toy_corpus),
            scoring=EXACT,
            positive_aware={"scorer": str(broken), "margin": 0},
        )


def test_queries_whose_candidates_all_score_too_close_are_dropped_with_the_reason(
    mined: Callable[..., Any], read_rows: Callable[[Path], Any], wings: list[Document], tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(NothingProduced, match=r"not one triple for 1 queries \(1 without negatives") as raised:
            mined([SyntheticQuery("wing", "w1")], MemoryCorpus(wings), positive_aware={"margin": 100})
        assert "triples.dropped.jsonl says why" in raised.value.hint
    found = read_rows(tmp_path / "triples.jsonl")
    assert not found.triples
    [row] = found.dropped
    assert row["reason"] == "no negative among the candidates in the top 100: 1 source, 7 positive aware"
    assert [q.doc_id for q in read_synthetic_queries(found.output.with_name("triples.dropped.jsonl"))] == ["w1"]

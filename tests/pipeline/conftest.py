"""Tiny models in the place of those of published methods."""

import pytest

GENERATE = ["generate.model=", "generate.max_generations=60"]


@pytest.fixture(scope="session")
def stand_ins(tiny_bi_encoder, tiny_cross_encoder, tiny_seq2seq):
    """What is set so that a recipe runs on a laptop, by recipe; everything else is as published."""

    def training(step, base):
        small = {"max_steps": 3, "batch_size": 8, "held_out_queries": 10, "held_out_depth": 10, "max_length": 32}
        return [f"{step}.base_model={base}", *(f"{step}.{name}={value}" for name, value in small.items())]

    def evaluating(*steps):
        return [f"{step}.{name}=99" for step in steps for name in ("permutations", "bootstraps")]

    monot5 = [*training("train", tiny_seq2seq), "train.scheme=monot5", *evaluating("evaluate")]
    return {
        "inpars-v1": [*GENERATE, *monot5],
        "inpars-v2": [
            *GENERATE,
            *monot5,
            f"filter.reranker.model={tiny_seq2seq}",
            "filter.reranker.scheme=monot5",
            "filter.reranker.keep_top_k=0.9",
        ],
        "promptagator": [
            *GENERATE,
            "generate.queries_per_document=3",
            *training("draft", tiny_bi_encoder),
            *training("retriever", tiny_bi_encoder),
            *training("train", tiny_cross_encoder),
            "round_trip.consistency.top_k=10",
            "negatives.near_duplicates=1",
            "rerank.top_k=20",
            *evaluating("evaluate_retriever", "evaluate"),
        ],
        "inpars-light": [
            *GENERATE,
            *training("draft", tiny_cross_encoder),
            *training("train", tiny_cross_encoder),
            "round_trip.consistency.top_k=40",
            *evaluating("evaluate"),
        ],
        "gpl": [
            *GENERATE,
            f"negatives.retriever=[{tiny_bi_encoder}, bm25]",
            f"negatives.teacher={tiny_cross_encoder}",
            *training("train", tiny_bi_encoder),
            *evaluating("evaluate"),
        ],
    }


@pytest.fixture
def small(tiny_bi_encoder):
    """What is set so that a recipe of extracted queries trains a tiny bi-encoder in a second."""
    return [
        "generate.queries_per_document=3",
        "negatives.skip_top=0",
        "train.batch_size=8",
        "train.held_out_queries=10",
        "train.held_out_depth=10",
        "train.max_length=32",
        "evaluate.permutations=99",
        "evaluate.bootstraps=99",
        "rerank.top_k=6",
        f"train.base_model={tiny_bi_encoder}",
    ]

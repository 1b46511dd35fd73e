"""What the recipes of published methods pin, held against the papers."""

import pytest

from inpars.pipeline.recipe import load_recipe, recipe_names

PUBLISHED = ("inpars-v1", "inpars-v2", "promptagator", "inpars-light", "gpl")


def options(name):
    return {step.name: step.options for step in load_recipe(name).steps}


def inputs(name):
    return {step.name: step.input for step in load_recipe(name).steps}


def test_every_published_method_is_there_and_says_what_it_is():
    assert set(PUBLISHED) <= set(recipe_names())
    for name in PUBLISHED:
        assert "arXiv" in load_recipe(name).description


@pytest.mark.parametrize("name", ["inpars-v1", "inpars-v2"])
def test_inpars_is_156_steps_of_128_passages_half_of_them_positive(name):
    train = options(name)["train"]
    assert train.batch_size * (1 + train.negatives_per_query) == 128
    assert (train.max_steps, train.epochs) == (156, 0)
    assert train.max_steps * train.batch_size * (1 + train.negatives_per_query) == 19_968
    assert (train.family, train.loss, train.max_length) == ("seq2seq", "pointwise", 512)
    assert train.base_model == "castorini/monot5-3b-msmarco-10k"
    assert (train.scheduler, train.warmup) == ("constant", 0)
    assert train.base_shares == (0.0,), "no average with the base"
    assert (train.keep, train.dropout) == ("last", 0.1)


@pytest.mark.parametrize("name", ["inpars-v1", "inpars-v2"])
def test_inpars_draws_one_of_bm25s_thousand_and_reranks_a_thousand(name):
    negatives, rerank = options(name)["negatives"], options(name)["rerank"]
    assert (negatives.retriever, negatives.top_k, negatives.skip_top) == (("bm25",), 1000, 0)
    assert (negatives.sample, negatives.negatives_per_query) == ("random", 1)
    assert (negatives.k1, negatives.b, rerank.k1, rerank.b) == (0.9, 0.4, 0.9, 0.4)
    assert (rerank.first_stage, rerank.top_k, rerank.fusion) == ("bm25", 1000, "none")


@pytest.mark.parametrize(("name", "prompt"), [("inpars-v1", "inpars"), ("inpars-v2", "inpars-gbq")])
def test_inpars_writes_one_greedy_query_for_each_of_a_hundred_thousand_documents(name, prompt):
    generate = options(name)["generate"]
    assert (generate.max_generations, generate.queries_per_document) == (100_000, 1)
    assert (generate.temperature, generate.max_new_tokens) == (0, 64)
    assert (generate.prompt, generate.model) == (prompt, "EleutherAI/gpt-j-6B")


def test_v1_keeps_ten_thousand_by_log_probability_and_v2_by_monot5():
    (_, length), (name, scores) = options("inpars-v1")["filter"].steps()
    assert (length.min_tokens, length.max_tokens, length.min_words) == (3, 1000, 1)
    assert (name, scores.scoring, scores.keep_top_k) == ("scores", "mean_log_probs", 10_000)
    (_, length), (name, reranker) = options("inpars-v2")["filter"].steps()
    assert (length.min_tokens, length.max_tokens, length.min_words) == (3, 1000, 1)
    assert (name, reranker.model, reranker.keep_top_k) == ("reranker", "castorini/monot5-3b-msmarco-10k", 10_000)


def test_v1_has_the_gpu_scripts_optimiser_and_v2_the_tpus():
    v1, v2 = options("inpars-v1")["train"], options("inpars-v2")["train"]
    assert (v1.optimizer, v1.learning_rate, v1.weight_decay) == ("adamw_torch_fused", 3e-4, 5e-5)
    assert (v2.optimizer, v2.learning_rate) == ("adafactor", 1e-3)
    assert v2.batch_size * (1 + v2.negatives_per_query) * v2.max_length == 65_536, "tokens in a step"


def test_promptagator_samples_eight_queries_from_at_most_eight_examples():
    generate = options("promptagator")["generate"]
    assert (generate.queries_per_document, generate.temperature, generate.n_fewshot_examples) == (8, 0.7, 8)
    assert (generate.max_generations, generate.prompt) == (1_000_000, "promptagator")


def test_promptagator_filters_by_a_retriever_that_saw_everything_at_rank_one():
    steps, taken = options("promptagator"), inputs("promptagator")
    ((name, consistency),) = steps["round_trip"].steps()
    assert (name, consistency.retriever, consistency.reranker, consistency.top_k) == ("consistency", "@draft", "", 1)
    assert taken["draft"] == taken["round_trip"] == "clean"
    assert taken["retriever"] == taken["negatives"] == "round_trip"
    for step in ("draft", "retriever"):
        assert (steps[step].family, steps[step].loss) == ("bi-encoder", "in-batch")
        assert (steps[step].batch_size, steps[step].max_steps, steps[step].epochs) == (128, 1000, 0)


def test_promptagators_reranker_sees_31_negatives_of_the_dual_encoders_200():
    steps, taken = options("promptagator"), inputs("promptagator")
    negatives, train, rerank = steps["negatives"], steps["train"], steps["rerank"]
    assert (negatives.retriever, negatives.top_k, negatives.negatives_per_query) == (("@retriever",), 200, 31)
    assert (train.family, train.loss, train.negatives_per_query) == ("cross-encoder", "softmax", 31)
    assert (train.batch_size, train.max_steps) == (64, 5000)
    assert (rerank.first_stage, rerank.retriever, rerank.top_k) == ("dense", "@retriever", 200)
    assert (taken["rerank"], taken["search"], taken["evaluate_retriever"]) == ("train", "retriever", "search")


def test_inpars_light_keeps_what_its_ranker_has_among_the_first_three_and_reranks_a_hundred():
    steps, taken = options("inpars-light"), inputs("inpars-light")
    ((name, consistency),) = steps["round_trip"].steps()
    assert (name, consistency.retriever, consistency.reranker, consistency.top_k) == (
        "consistency",
        "bm25",
        "@draft",
        3,
    )
    assert taken["all_negatives"] == taken["round_trip"] == "generate", "the draft sees what is not filtered"
    assert (taken["draft"], taken["train"]) == ("all_negatives", "negatives")
    assert steps["draft"].base_model == steps["train"].base_model == "nreimers/MiniLM-L6-H384-uncased"
    assert (steps["rerank"].first_stage, steps["rerank"].top_k) == ("bm25", 100)
    assert steps["generate"].prompt == "inpars", "three examples, vanilla"


def test_gpl_learns_a_cross_encoders_margins_over_two_retrievers_negatives():
    steps = options("gpl")
    generate, negatives, train = steps["generate"], steps["negatives"], steps["train"]
    assert generate.queries_per_document == 3
    assert round(generate.max_generations * generate.queries_per_document, -3) == 250_000
    assert [name.rpartition("/")[2] for name in negatives.retriever] == [
        "msmarco-distilbert-base-v3",
        "msmarco-MiniLM-L-6-v3",
    ]
    assert negatives.teacher == "cross-encoder/ms-marco-MiniLM-L-6-v2"
    assert negatives.negatives_per_query == 2 * negatives.top_k == 100
    assert (train.family, train.loss, train.negatives_per_query) == ("bi-encoder", "margin-mse", 1)
    assert (train.max_steps, train.batch_size, train.max_length) == (140_000, 32, 350)
    assert round(train.warmup * train.max_steps, -2) == 1000
    assert next(step.stage.name for step in load_recipe("gpl").steps if step.name == "search") == "search"

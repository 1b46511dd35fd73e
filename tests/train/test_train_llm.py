"""LLM rerankers are trained by adapters, and leave as models that sentence-transformers loads alone."""

import json
from dataclasses import dataclass, replace

import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import CrossEncoder
from transformers import Qwen3Config, Qwen3ForCausalLM

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.triples import read_triples, write_triples
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.options import parse_options
from inpars.train.config import TrainConfig
from inpars.train.families.inputs import TokenInputs
from inpars.train.families.llm import LastTokenInputs, LlmTrainee
from inpars.train.selection import Selection
from inpars.train.weights import averaged, copy_of

FAST = {
    "family": "llm",
    "precision": "fp32",
    "device": "cpu",
    "batch_size": 8,
    "micro_batch_size": 0,
    "held_out_queries": 10,
    "held_out_depth": 5,
    "max_length": 128,
    "max_steps": 6,
    "lora_rank": 4,
    "base_shares": [0.0],
    "min_gain": 0.0,
}
FP32 = ScoringOptions(precision="fp32", device="cpu")
QUERIES = {"a": "wing theory", "b": "shock wave"}
DOCUMENTS = {"1": "lift and drag", "2": "heat of a plate was measured", "3": "wing theory is studied"}
CANDIDATES = {query_id: list(DOCUMENTS) for query_id in QUERIES}


@pytest.fixture(scope="module")
def base(tmp_path_factory, tiny_tokenizer):
    """A Qwen3-shaped causal language model with random weights, and with words for yes and no."""
    import copy

    folder = tmp_path_factory.mktemp("models") / "qwen3"
    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.add_tokens(["yes", "no", "query", "document", "instruct"])
    tokenizer.model_max_length = 128
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=128,
        initializer_range=0.1,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=3,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def triples(toy_corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("triples")
    queries = inpars.generate(toy_corpus, folder / "queries.jsonl", queries_per_document=2)
    mined = inpars.mine_negatives(queries, toy_corpus, folder / "mined.jsonl", negatives_per_query=2)
    scored = (replace(t, teacher_scores=[2.0] + [-1.0] * len(t.negative_ids)) for t in read_triples(mined))
    write_triples(folder / "triples.jsonl", scored)
    return folder / "triples.jsonl"


def config_of(base, **options):
    return parse_options(TrainConfig, "train", FAST | {"base_model": str(base)} | options)


def train(triples, corpus, output, base, **options):
    return inpars.train(triples, corpus, output, **FAST | {"base_model": str(base)} | options)


def moved(trainee):
    """The trainee after its adapters were given weights, as training would."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in trainee.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
            elif "lora_A" in name:
                weight.add_(torch.randn_like(weight), alpha=0.3)
    return trainee


def scores_of(scorer):
    run = scorer.score(QUERIES, DOCUMENTS, CANDIDATES)
    return torch.tensor([list(run[query_id].values()) for query_id in QUERIES])


def library_scores(folder):
    pairs = [(query, document) for query in QUERIES.values() for document in DOCUMENTS.values()]
    scores = CrossEncoder(str(folder), device="cpu").predict(pairs, activation_fn=torch.nn.Identity())
    return torch.tensor(scores).view(len(QUERIES), len(DOCUMENTS))


@pytest.mark.parametrize("loss", ["pointwise", "softmax", "margin-mse", "kl"])
def test_every_loss_trains_a_model_that_loads_by_itself(triples, toy_corpus, tmp_path, base, loss):
    model = train(triples, toy_corpus, tmp_path / "model", base, loss=loss, learning_rate=1e-2, min_gain=0.0)
    facts = facts_of(model)
    assert facts["family"] == "llm"
    assert [c["step"] for c in facts["candidates"]] == [0, 6]
    assert not (model / "adapter_config.json").exists()
    torch.testing.assert_close(library_scores(model), scores_of(load_scorer(model, FP32)), atol=1e-4, rtol=0)


def test_adapters_alone_learn(base):
    trainee = LlmTrainee(str(base), config_of(base))
    learning = {name for name, weight in trainee.model.named_parameters() if weight.requires_grad}
    assert learning
    assert all("lora_" in name for name in learning)
    assert not any("lm_head" in name for name in learning)
    named = LlmTrainee(str(base), config_of(base, lora_targets=["q_proj", "v_proj"]))
    learning = {name for name, weight in named.model.named_parameters() if weight.requires_grad}
    assert {name.split(".lora_")[0].rpartition(".")[2] for name in learning} == {"q_proj", "v_proj"}


def test_rank_0_trains_all_weights(triples, toy_corpus, tmp_path, base):
    trainee = LlmTrainee(str(base), config_of(base, lora_rank=0))
    assert all(weight.requires_grad for weight in trainee.model.parameters())
    model = train(triples, toy_corpus, tmp_path / "model", base, lora_rank=0, learning_rate=1e-2)
    torch.testing.assert_close(library_scores(model), scores_of(load_scorer(model, FP32)), atol=1e-4, rtol=0)


def test_new_adapters_change_nothing_and_the_base_comes_back_bit_for_bit(base, tmp_path):
    trainee = LlmTrainee(str(base), config_of(base))
    torch.testing.assert_close(scores_of(trainee.scorer()), scores_of(load_scorer(base, FP32)))
    trainee.save(tmp_path / "saved")
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "saved"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_merged_model_scores_as_the_adapters_did_which_stay_in_place(base, tmp_path):
    trainee = moved(LlmTrainee(str(base), config_of(base)))
    expected = scores_of(trainee.scorer())
    assert not torch.allclose(expected, scores_of(load_scorer(base, FP32)), atol=0.01)
    trainee.save(tmp_path / "saved")
    torch.testing.assert_close(library_scores(tmp_path / "saved"), expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(scores_of(trainee.scorer()), expected)
    assert "keep_in_fp32_modules" not in (tmp_path / "saved" / "config_sentence_transformers.json").read_text()


def test_an_average_with_the_base_is_that_of_the_merged_weights(base, tmp_path):
    trainee = LlmTrainee(str(base), config_of(base))
    untouched = copy_of(trainee.model)
    moved(trainee).save(tmp_path / "trained")
    with averaged(trainee.model, untouched, 0.25):
        trainee.save(tmp_path / "averaged")
    first, last, found = (
        load_file(folder / "model.safetensors") for folder in (base, tmp_path / "trained", tmp_path / "averaged")
    )
    for name in first:
        torch.testing.assert_close(found[name], 0.25 * first[name] + 0.75 * last[name], atol=1e-6, rtol=1e-5)


def test_training_sees_the_scores_that_are_scored(base):
    """The same pairs through the loss and through the scorer, whatever their lengths."""
    trainee = moved(LlmTrainee(str(base), config_of(base)))
    inputs = trainee.trainer(Few(), "nowhere", 1).loss.inputs
    pairs = [(query, document) for query in QUERIES.values() for document in DOCUMENTS.values()]
    seen = torch.empty(len(pairs))
    for places, features in inputs.chunks(pairs):
        seen[places] = trainee.model(features)["scores"].detach().view(-1)
    torch.testing.assert_close(seen.view(2, 3), scores_of(trainee.scorer()), atol=1e-4, rtol=0)
    assert isinstance(inputs, LastTokenInputs)


@dataclass
class Few:
    """As much of examples as a trainer asks for before it trains."""

    seed: int = 1

    def __len__(self):
        return 8


def test_inputs_end_together(base):
    trainee = LlmTrainee(str(base), config_of(base))
    tokens = trainee.scorer().tokens
    pairs = [("wing", "lift"), ("wing theory of a slender body", "heat of a plate was measured in test")]
    ((places, features),) = LastTokenInputs(tokens, 0, "cpu").chunks(pairs)
    ((_, plain),) = TokenInputs(tokens, 0, "cpu").chunks(pairs)
    assert features["attention_mask"][:, -1].all()
    for row, place in enumerate(places):
        length = int(plain["attention_mask"][row].sum())
        assert features["input_ids"][row, -length:].tolist() == tokens.pairs(*zip(pairs[place]))[0].ids.tolist()
        assert features["attention_mask"][row].sum() == length


def test_an_instruction_is_saved_with_the_model(base, tmp_path):
    trainee = LlmTrainee(str(base), config_of(base, instruction="wing of a slender body"))
    trainee.save(tmp_path / "saved")
    assert (
        "wing of a slender body"
        in json.loads((tmp_path / "saved" / "config_sentence_transformers.json").read_text())["prompts"].values()
    )
    told = FP32.model_copy(update={"instruction": "wing of a slender body"})
    scores = scores_of(load_scorer(tmp_path / "saved", FP32))
    torch.testing.assert_close(scores, scores_of(load_scorer(base, told)))
    torch.testing.assert_close(scores, library_scores(tmp_path / "saved"), atol=1e-4, rtol=0)
    assert not torch.allclose(scores, scores_of(load_scorer(base, FP32)), atol=1e-4)


def test_training_goes_on_from_an_adapter(base, tmp_path):
    trained = moved(LlmTrainee(str(base), config_of(base)))
    trained.model.transformers_model.save_pretrained(tmp_path / "adapter")
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()
    again = LlmTrainee(str(tmp_path / "adapter"), config_of(base))
    torch.testing.assert_close(scores_of(again.scorer()), scores_of(trained.scorer()), atol=1e-4, rtol=0)
    assert {name.rpartition("lora_")[0] for name, weight in again.model.named_parameters() if weight.requires_grad}


def test_a_killed_training_goes_on_from_its_last_evaluation(triples, toy_corpus, tmp_path, base, monkeypatch):
    options = {"evaluations": 3, "learning_rate": 1e-2}
    whole = train(triples, toy_corpus, tmp_path / "whole", base, **options)
    score = Selection._score

    def stop_at_step_4(self, step, share):
        if step == 4:
            raise KeyboardInterrupt
        score(self, step, share)

    monkeypatch.setattr(Selection, "_score", stop_at_step_4)
    with pytest.raises(KeyboardInterrupt):
        train(triples, toy_corpus, tmp_path / "halves", base, **options)
    assert list(tmp_path.glob(".halves*/**/adapter_model.safetensors")), "a checkpoint holds the adapters alone"
    monkeypatch.setattr(Selection, "_score", score)
    halves = train(triples, toy_corpus, tmp_path / "halves", base, **options)
    assert facts_of(halves)["candidates"] == facts_of(whole)["candidates"]
    assert (halves / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()

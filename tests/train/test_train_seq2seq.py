"""Seq2seq rerankers: what they read, what they minimise, and that they leave as ordinary models."""

import json
import math

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

import inpars
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.errors import InparsError
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions
from inpars.models.scorers.scheme import SCHEMES
from inpars.models.scorers.seq2seq import Seq2Seq
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families.seq2seq import Seq2SeqTrainee

OPTIONS = {"family": "seq2seq", "scheme": "monot5", "device": "cpu", "precision": "fp32", "max_length": 24}
WORDS = ("wing", "lift", "drag", "flow", "shock", "heat", "plate", "speed")
CORPUS = MemoryCorpus([Document(word, f"{word} number {'theory ' * (3 * place)}") for place, word in enumerate(WORDS)])
TRIPLES = [
    Triple(word, f"the {word}", word, [WORDS[(place + 3) % 8], WORDS[(place + 5) % 8]], teacher_scores=[3.0, 1.0, 0.0])
    for place, word in enumerate(WORDS)
]


@pytest.fixture
def made(tiny_seq2seq, tmp_path):
    """A trainee and its trainer."""

    def make(steps=1, **options):
        torch.manual_seed(0)
        config = TrainConfig(
            **OPTIONS | {"base_model": str(tiny_seq2seq), "batch_size": 8, "micro_batch_size": 0} | options
        )
        trainee = Seq2SeqTrainee(str(tiny_seq2seq), config)
        return trainee, trainee.trainer(Examples(TRIPLES, CORPUS, config), tmp_path / "work", steps)

    return make


def batch_of(trainer):
    (batch,) = list(trainer.get_train_dataloader())
    return batch


def test_only_the_document_is_cut_and_the_cue_survives(made):
    trainee, trainer = made()
    pairs = [("the wing", CORPUS["speed"].contents), ("the wing", CORPUS["lift"].contents)]
    cue = trainee.tokenizer("Relevant:", add_special_tokens=False)["input_ids"]
    lengths = []
    for _, features in trainer.inputs.chunks(pairs):
        for ids, mask in zip(features["input_ids"], features["attention_mask"], strict=True):
            read = ids[mask.bool()].tolist()
            lengths.append(len(read))
            assert read[-len(cue) - 1 : -1] == cue
            assert trainee.tokenizer.decode(read).count("wing document") == 1
    assert max(lengths) == 24 > min(lengths)


def test_training_reads_what_scoring_reads(made):
    trainee, trainer = made()
    pairs = [(f"the {word}", CORPUS[word].contents) for word in WORDS]
    expected = [tokens.ids.tolist() for tokens in trainee.scorer().tokens.pairs(*zip(*pairs, strict=True))]
    for places, features in trainer.inputs.chunks(pairs):
        for place, ids, mask in zip(places, features["input_ids"], features["attention_mask"], strict=True):
            assert ids[mask.bool()].tolist() == expected[place]


def test_pointwise_is_cross_entropy_over_the_whole_vocabulary_at_the_first_step(made):
    trainee, trainer = made()
    batch = batch_of(trainer)
    with torch.no_grad():
        loss = float(trainer.compute_loss(trainee.model, batch))
        tokens = trainee.scorer().tokens
        negative, positive = trainee.scheme.target_ids(trainee.tokenizer)
        losses = []
        for query, passages in zip(batch["query"], batch["passages"], strict=True):
            for place, passage in enumerate(passages):
                ids = torch.tensor(tokens.pairs([query], [passage])[0].ids)[None]
                word = torch.tensor([[negative if place else positive]])
                losses.append(float(trainee.model(input_ids=ids, labels=word).loss))
    assert loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_softmax_is_over_the_differences_of_the_target_logits(made):
    trainee, trainer = made(loss="softmax", negatives_per_query=2)
    batch = batch_of(trainer)
    with torch.no_grad():
        loss = float(trainer.compute_loss(trainee.model, batch))
    losses = []
    for query, passages in zip(batch["query"], batch["passages"], strict=True):
        texts = {str(place): passage for place, passage in enumerate(passages)}
        scores = [*trainee.scorer().score({"q": query}, texts, {"q": list(texts)})["q"].values()]
        losses.append(math.log(sum(map(math.exp, scores))) - scores[0])
    assert loss == pytest.approx(sum(losses) / len(losses), rel=1e-4)


@pytest.mark.parametrize("loss", ["pointwise", "softmax", "margin-mse", "kl"])
def test_it_learns_under_every_loss(made, loss):
    _, trainer = made(steps=30, loss=loss, learning_rate=1e-2, arguments={"logging_steps": 1})
    trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])


def test_parts_of_a_step_add_up_to_the_step(made):
    weights = []
    for micro_batch_size in (0, 2):
        trainee, trainer = made(loss="softmax", micro_batch_size=micro_batch_size, optimizer="sgd")
        assert len(trainer.get_train_dataloader()) == (4 if micro_batch_size else 1)
        trainer.train()
        weights.append(trainee.model.state_dict())
    for name, weight in weights[0].items():
        assert torch.allclose(weight, weights[1][name], rtol=1e-4, atol=1e-7), name


def test_dropout_is_off_and_what_is_saved_keeps_the_bases_own(made, tmp_path):
    trainee, _ = made()
    trainee.model.train()
    ids = torch.arange(4, 12)[None]
    run = lambda: trainee.model(input_ids=ids, decoder_input_ids=ids[:, :1]).logits  # noqa: E731
    assert torch.equal(run(), run())
    trainee.save(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["dropout_rate"] == 0.1


def test_the_stage_leaves_an_ordinary_model_that_says_how_it_is_asked(toy_corpus, toy_triples, tiny_seq2seq, tmp_path):
    options = OPTIONS | {"base_model": str(tiny_seq2seq), "loss": "softmax", "learning_rate": 1e-2, "min_gain": 0.0}
    options |= {"batch_size": 32, "epochs": 8, "held_out_queries": 10, "held_out_depth": 5}
    model = inpars.train(toy_triples, toy_corpus, tmp_path / "model", **options)
    about = json.loads((model / "inpars.json").read_text())
    assert about["tuned"] is True
    assert about["scheme"]["template"] == SCHEMES["monot5"].template
    assert json.loads((model / "inpars_scorer.json").read_text())["max_length"] == 24
    plain = AutoModelForSeq2SeqLM.from_pretrained(model)
    # With neither family nor scheme given.
    scorer = load_scorer(model, ScoringOptions(precision="fp32", device="cpu"))
    assert isinstance(scorer, Seq2Seq)
    texts = {"1": "wing and drag study 3", "2": "heat " * 60}
    (tokens,) = scorer.tokens.pairs(["wing"], [texts["1"]])
    assert len(scorer.tokens.pairs(["wing"], [texts["2"]])[0].ids) == 24
    negative, positive = SCHEMES["monot5"].target_ids(AutoTokenizer.from_pretrained(model))
    with torch.no_grad():
        logits = plain(input_ids=torch.tensor(tokens.ids)[None], decoder_input_ids=torch.tensor([[0]])).logits[0, 0]
    score = scorer.score({"q": "wing"}, texts, {"q": ["1"]})["q"]["1"]
    assert score == pytest.approx(float(logits[positive] - logits[negative]), abs=1e-4)


def test_a_base_of_unknown_scheme_must_be_given_one(tiny_seq2seq):
    config = TrainConfig(**OPTIONS | {"scheme": None})
    with pytest.raises(InparsError, match="cannot tell how") as error:
        Seq2SeqTrainee(str(tiny_seq2seq), config)
    assert "--scheme" in error.value.hint

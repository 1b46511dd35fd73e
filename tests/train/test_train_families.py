"""Cross-encoders and bi-encoders under every loss, query by query and in-batch."""

import pytest
import torch

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.errors import OptionError
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families import FAMILIES
from inpars.train.losses import LOSSES

WORDS = ("wing", "lift", "drag", "flow", "shock", "heat", "plate", "speed")
CORPUS = MemoryCorpus([Document(word, f"{word} number {'theory ' * (3 * place)}") for place, word in enumerate(WORDS)])
TRIPLES = [
    Triple(
        word, f"{word} study", word, [WORDS[(place + 3) % 8], WORDS[(place + 5) % 8]], teacher_scores=[3.0, 1.0, 0.0]
    )
    for place, word in enumerate(WORDS)
]


@pytest.fixture
def made(tiny_bi_encoder, tiny_cross_encoder, tmp_path):
    """A trainee and its trainer."""

    def make(family, steps=1, **options):
        torch.manual_seed(0)
        base = str({"bi-encoder": tiny_bi_encoder, "cross-encoder": tiny_cross_encoder}[family])
        given = {"device": "cpu", "precision": "fp32", "batch_size": 8, "max_length": 24, "base_model": base}
        config = TrainConfig(family=family, **given | options)
        trainee = FAMILIES[family](base, config)
        return trainee, trainee.trainer(Examples(TRIPLES, CORPUS, config), tmp_path / "work", steps)

    return make


def losses_of(trainer):
    trainer.train()
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder"])
def test_every_loss_is_learnt_by_every_family(made, family, loss):
    losses = losses_of(made(family, 120, loss=loss, learning_rate=2e-3, arguments={"logging_steps": 1})[1])
    assert sum(losses[-3:]) < 0.75 * sum(losses[:3])


@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder"])
def test_what_is_minimised_is_made_of_the_scorers_own_scores(made, family):
    # A bi-encoder's scorer reads as much as the saved model will, whatever training reads.
    trainee, trainer = made(family, loss="softmax", scheduler="constant", max_length=64)
    trainee.model.eval()
    expected = []
    for triple in TRIPLES:
        texts = {i: CORPUS[i].contents for i in (triple.positive_id, *triple.negative_ids)}
        scores = [*trainee.scorer().score({"q": triple.query}, texts, {"q": list(texts)})["q"].values()]
        scale = 20.0 if family == "bi-encoder" else 1.0
        expected.append(-float(torch.tensor(scores).mul(scale).log_softmax(0)[0]))
    (batch,) = trainer.get_train_dataloader()
    with torch.no_grad():
        found = float(trainer.compute_loss(trainer.model, batch))
    assert found == pytest.approx(sum(expected) / len(expected), rel=1e-4)


@pytest.mark.parametrize("family", ["bi-encoder", "cross-encoder"])
def test_parts_of_a_step_add_up_to_the_step(made, family):
    weights = []
    for micro_batch_size in (0, 2):
        trainee, trainer = made(family, loss="softmax", micro_batch_size=micro_batch_size, optimizer="sgd")
        trainer.train()
        weights.append(trainee.model.state_dict())
    for name, weight in weights[0].items():
        assert torch.allclose(weight, weights[1][name], rtol=1e-4, atol=1e-7), name


def test_micro_batches_leave_the_in_batch_loss_as_it_is(made):
    assert losses_of(made("bi-encoder", 1, arguments={"logging_steps": 1})[1]) == pytest.approx(
        losses_of(made("bi-encoder", 1, micro_batch_size=2, arguments={"logging_steps": 1})[1]), rel=1e-4
    )


def test_in_batch_negatives_are_drawn_anew_in_each_epoch_too(made):
    _, trainer = made("bi-encoder", 4, negatives_per_query=1)
    seen = []
    draw = trainer.rows.examples.draw
    trainer.rows.examples.draw = lambda place, epoch: (seen.append(epoch), draw(place, epoch))[1]
    trainer.train()
    assert set(seen) == {0, 1, 2, 3}


def test_an_in_batch_step_of_one_query_is_refused(made):
    with pytest.raises(OptionError, match="two queries or more"):
        made("bi-encoder", batch_size=1)

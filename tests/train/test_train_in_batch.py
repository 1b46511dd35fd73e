"""The loss in-batch: every document of a step is a negative, but for those that are known to answer the query."""

import pytest
import torch
from datasets import Dataset

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.retrieve.bm25 import BM25
from inpars.retrieve.fusion import PRIOR
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples
from inpars.train.families import FAMILIES
from inpars.train.positives import Positives

TEXTS = {
    "w1": "wing lift drag",
    "w2": "wing theory",
    "copy": "Wing  THEORY",
    "heat": "heat plate flow",
    "cone": "cone nose",
    "jet": "jet sound speed",
    "mach": "mach number",
}
CORPUS = MemoryCorpus([Document(doc_id, text) for doc_id, text in TEXTS.items()])
# "wing study" is answered by w1 and w2, the second of which stands for "cone study" as a negative, in a copy.
TRIPLES = [
    Triple("a", "wing study", "w1", ["heat"]),
    Triple("b", "Wing  study", "w2", ["mach"], positive_text="theory"),
    Triple("c", "cone study", "cone", ["copy"]),
    Triple("d", "heat study", "jet", ["heat"]),
]
ANSWERS = {"a": {"w1", "w2", "copy"}, "b": {"w1", "w2", "copy"}, "c": {"cone"}, "d": {"jet"}}


@pytest.fixture
def made(tiny_bi_encoder, tmp_path):
    """A trainee and its trainer."""

    def make(triples=TRIPLES, **options):
        given = {"device": "cpu", "precision": "fp32", "batch_size": 4, "max_length": 24}
        config = TrainConfig(loss="in-batch", base_model=str(tiny_bi_encoder), **given | options)
        trainee = FAMILIES["bi-encoder"](config.base_model, config)
        return trainee, trainee.trainer(Examples(triples, CORPUS, config), tmp_path / "work", 1)

    return make


def loss_of(trainer, places=range(4)):
    """The loss of a step of these examples, and the gradient of all weights."""
    rows = Dataset.from_dict({"number": list(places)})
    rows.set_transform(trainer.rows)
    trainer.model.eval()
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, trainer.data_collator([rows[place] for place in range(len(rows))]))
    loss.backward()
    gradients = [weight.grad.flatten() for weight in trainer.model.parameters() if weight.grad is not None]
    return float(loss.detach()), torch.cat(gradients)


def expected(trainee, scale, known):
    """The loss by its definition, from the scorer's own scores."""
    positives = {t.query_id: t.positive_text or TEXTS[t.positive_id] for t in TRIPLES}
    ids = [(t.query_id, t.positive_id) for t in TRIPLES] + [("", doc_id) for t in TRIPLES for doc_id in t.negative_ids]
    texts = {str(place): positives.get(query, TEXTS[doc_id]) for place, (query, doc_id) in enumerate(ids)}
    trainee.model.eval()
    losses = []
    for row, triple in enumerate(TRIPLES):
        seen = [str(p) for p, (_, doc_id) in enumerate(ids) if p == row or doc_id not in known.get(triple.query_id, ())]
        scores = trainee.scorer().score({"q": triple.query}, texts, {"q": seen})["q"]
        losses.append(
            -float(torch.tensor([scores[place] for place in seen]).mul(scale).log_softmax(0)[seen.index(str(row))])
        )
    return sum(losses) / len(losses)


@pytest.mark.parametrize("micro_batch_size", [0, 2, 3])
def test_a_document_that_answers_a_query_is_not_its_negative_in_the_batch(made, micro_batch_size):
    trainee, trainer = made(micro_batch_size=micro_batch_size)
    right, wrong = (expected(trainee, 20.0, known) for known in (ANSWERS, {}))
    found, gradient = loss_of(trainer)
    assert abs(right - wrong) > 1e-3
    assert found == pytest.approx(right, rel=1e-4)
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_parts_of_a_step_have_the_gradient_of_the_step(made):
    whole, parts = (loss_of(made(micro_batch_size=size)[1])[1] for size in (0, 2))
    assert torch.allclose(whole, parts, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("similarity", "scale"), [("dot", 1.0), ("cos", 20.0)])
def test_what_is_minimised_is_made_of_the_similarity_asked_for(made, similarity, scale):
    trainee, trainer = made(similarity=similarity)
    assert loss_of(trainer)[0] == pytest.approx(expected(trainee, scale, ANSWERS), rel=1e-4)


def test_positives_of_triples_that_are_not_trained_on_are_known_too():
    config = TrainConfig(loss="in-batch", max_examples=1)
    positives = Positives(Examples(TRIPLES[:2], CORPUS, config))
    query, own, _ = positives.row(0, 0)
    documents = [Positives(Examples([Triple("x", "x", d, ["jet"])], CORPUS, config)).row(0, 0)[1] for d in TEXTS]
    assert own in documents
    assert positives.known([query], documents).tolist() == [[True, True, True, False, False, False, False]]


def test_queries_and_documents_are_known_by_their_words():
    positives = Positives(Examples(TRIPLES, CORPUS, TrainConfig(loss="in-batch")))
    rows = [positives.row(place, 0) for place in range(4)]
    assert rows[0][0] == rows[1][0] != rows[2][0]
    # What was cut out of a document makes no other document of it.
    assert rows[1][1] == rows[2][2]
    documents = [row[1] for row in rows]
    assert positives.known([row[0] for row in rows], documents).int().tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]


def test_with_a_residual_bm25s_scores_come_on_top_of_the_similarities(made):
    """By hand: what BM25 gives each document of the step, centred and scaled by its best."""
    trainer = made(residual="bm25", language="en")[1]
    function = trainer.loss.similarity_fct
    function.begin(torch.tensor([trainer.rows.positives.row(place, 0) for place in range(4)]))
    index = BM25.of(CORPUS, language="en")
    doc_ids = [triple.positive_id for triple in TRIPLES] + [triple.negative_ids[0] for triple in TRIPLES]
    for row, triple in enumerate(TRIPLES):
        scores = index.scores(triple.query)
        scaled = (scores - scores.mean()) / scores.std() * 0.05 * (1 - PRIOR) / PRIOR
        by_id = dict(zip(index.doc_ids, scaled.tolist(), strict=True))
        assert function.added[row].tolist() == pytest.approx([by_id[doc_id] for doc_id in doc_ids], abs=1e-6)
    added = function.added.clone()
    base = torch.randn(4, 8)
    function.function = lambda queries, documents: base
    expected = (base + added).masked_fill(function.hidden, -torch.inf)
    assert torch.equal(function(torch.zeros(4, 1), torch.zeros(8, 1)), expected)


def test_a_query_that_bm25_answers_already_teaches_less(made):
    others = [Triple("c", "cone", "cone", ["heat"])]

    def gain(triple):
        losses = [
            loss_of(made([triple, *others], residual=kind, language="en")[1], range(2))[0] for kind in ("none", "bm25")
        ]
        return losses[0] - losses[1]

    assert gain(Triple("j", "jet sound", "jet", ["mach"])) > gain(Triple("u", "unheard", "jet", ["mach"])) + 0.05


def test_a_residual_is_of_the_loss_in_batch():
    with pytest.raises(ValueError, match="residual bm25 is added in the loss in-batch"):
        TrainConfig(loss="softmax", residual="bm25")

"""What is drawn: queries evenly, their negatives anew in each epoch, in even micro-batches of like length."""

from itertools import chain

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.errors import InparsError, OptionError
from inpars.train.batches import Batches, Draws, accumulation
from inpars.train.config import TrainConfig
from inpars.train.examples import Examples, total_steps

CORPUS = MemoryCorpus([Document(f"d{i}", f"text {i}") for i in range(40)])


def triples(n=10, negatives=8, **more):
    ids = [[f"d{(i + 1 + j) % 40}" for j in range(negatives)] for i in range(n)]
    return [Triple(f"q{i}", f"query {i}", f"d{i}", ids[i], **more) for i in range(n)]


def examples(rows, **options):
    return Examples(rows, CORPUS, TrainConfig(**{"family": "cross-encoder"} | options))


def test_an_example_is_a_query_its_positive_and_that_many_of_its_negatives():
    rows = triples()
    for epoch in range(3):
        example = examples(rows, negatives_per_query=3).draw(4, epoch)
        assert (example.query, example.positive) == ("query 4", "text 4")
        assert len(set(example.negatives)) == 3
        assert set(example.negatives) <= {CORPUS[i].contents for i in rows[4].negative_ids}


def test_negatives_are_drawn_anew_in_each_epoch_and_by_the_seed_alone():
    drawn = lambda seed, epoch: examples(triples(), negatives_per_query=2, seed=seed).draw(0, epoch).negatives  # noqa: E731
    assert drawn(1, 0) == drawn(1, 0)
    assert len({drawn(1, epoch) for epoch in range(6)}) > 2
    assert [drawn(1, epoch) for epoch in range(6)] != [drawn(2, epoch) for epoch in range(6)]


def test_zero_shows_all_negatives_and_too_few_are_repeated():
    rows = [*triples(2, negatives=3), Triple("few", "query", "d0", ["d5"])]
    found = examples(rows, negatives_per_query=0)
    assert found.negatives == 3
    assert found.draw(2, 0).negatives == ("text 5",) * 3


def test_rows_of_one_query_and_positive_are_one_example():
    rows = [Triple("q", "query", "d0", [f"d{i}"], [1.0], teacher_scores=[9.0, float(i)]) for i in (1, 2, 3)]
    found = examples([*rows, Triple("p", "other", "d0", ["d4"], teacher_scores=[1.0, 0.0])], loss="kl")
    assert len(found) == 2
    assert found.draw(0, 0).negatives == ("text 1", "text 2", "text 3")
    assert found.draw(0, 0).teacher == (9.0, 1.0, 2.0, 3.0)


def test_a_teachers_scores_stay_with_their_passages():
    rows = [Triple("q", "query", "d0", [f"d{i}" for i in range(1, 9)], teacher_scores=[50.0, *map(float, range(1, 9))])]
    example = examples(rows, loss="margin-mse", negatives_per_query=3).draw(0, 2)
    assert example.teacher[0] == 50.0
    assert [f"text {int(score)}" for score in example.teacher[1:]] == list(example.negatives)


@pytest.mark.parametrize("scores", [[], [1.0] * 8, [1.0] * 10])
def test_distillation_without_a_teachers_scores_is_refused(scores):
    with pytest.raises(OptionError, match="teacher") as error:
        examples(triples(teacher_scores=scores), loss="margin-mse")
    assert "teacher_scores" in error.value.hint


def test_a_query_without_negatives_is_refused_unless_all_have_none_and_the_batch_gives_them():
    with pytest.raises(InparsError, match="no negatives"):
        examples(triples(negatives=0))
    assert examples(triples(negatives=0), family="bi-encoder").draw(0, 0).passages == ("text 0",)


def test_every_epoch_shows_every_query_once_each_in_another_order():
    found = examples(triples(10, negatives=1) + triples(1, negatives=8))
    draws = Draws(found, 30)
    epochs = [[draws[number].query for number in range(start, start + 10)] for start in (0, 10, 20)]
    assert all(sorted(epoch) == sorted(epochs[0]) and len(set(epoch)) == 10 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_micro_batches_are_even_of_like_length_and_keep_the_step_as_it_is():
    draws = Draws(examples(triples(32)), 24)
    length = lambda example: len(example.query) * 100 + int(example.query.split()[1])  # noqa: E731
    parted, whole = list(Batches(draws, 12, 3, length)), list(Batches(draws, 12, 1, length))
    assert [len(batch) for batch in parted] == [4] * 6
    assert [sorted(chain(*parted[i : i + 3])) for i in (0, 3)] == whole
    for step in (parted[:3], parted[3:]):
        lengths = [length(draws[number]) for batch in step for number in batch]
        assert lengths == sorted(lengths, reverse=True)


def test_a_step_is_dealt_out_evenly_over_devices_and_passes():
    assert accumulation(64, 0, 1) == 1
    assert accumulation(64, 4, 1) == 16
    assert accumulation(64, 24, 1) == 4, "16 each: the most, up to 24, that divide 64"
    assert accumulation(64, 4, 8) == 2
    with pytest.raises(OptionError, match="evenly"):
        accumulation(64, 4, 3)


def test_epochs_and_max_steps_end_a_training_alone_or_whichever_comes_first():
    steps = lambda **options: total_steps(100, TrainConfig(batch_size=10, **options))  # noqa: E731
    assert steps(epochs=2) == 20
    assert steps(max_steps=7) == 7
    assert steps(max_steps=70) == 70
    assert steps(max_steps=70, epochs=2) == 20
    assert steps(family="seq2seq") == 10

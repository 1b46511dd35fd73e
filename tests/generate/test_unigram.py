from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inpars.data.corpora import open_corpus
from inpars.generate.unigram import CollectionModel, DocumentModel, words


def test_words_keep_their_case_hyphens_and_apostrophes_but_no_punctuation() -> None:
    assert words("The boundary-layer's end, (Fig. 3): don't!") == [
        "The",
        "boundary-layer's",
        "end",
        "Fig",
        "3",
        "don't",
    ]


def test_term_and_document_frequencies_ignore_case() -> None:
    model = CollectionModel(["Wing wing lift", "wing drag"])
    assert model.term_counts == Counter(wing=3, lift=1, drag=1)
    assert model.document_counts == Counter(wing=2, lift=1, drag=1)
    assert (model.documents, model.total) == (2, 5)


def test_idf_falls_with_document_frequency_and_an_unseen_term_counts_as_one_document() -> None:
    model = CollectionModel(["wing lift", "wing drag", "wing", "cone"])
    assert model.idf("wing") == pytest.approx(math.log(1 + 4 / 3))
    assert model.idf("unseen") == model.idf("lift") == pytest.approx(math.log(1 + 4))


def test_a_content_word_stands_in_at_most_a_fifth_of_the_documents() -> None:
    model = CollectionModel([f"every{' some' if n < 3 else ''}{' few' if n < 2 else ''} x" for n in range(10)])
    assert [model.is_content_word(word) for word in ("every", "some", "few", "unseen", "x")] == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 0.7])
def test_probability_is_the_jelinek_mercer_mixture(smoothing: float) -> None:
    # Document: wing 2 of 3. Collection: wing 3, cone 1, of 6 words, and half a word kept for unseen ones.
    collection = CollectionModel(["wing wing lift", "wing cone drag"])
    model = DocumentModel("wing wing lift", collection, smoothing)
    assert model.log_prob("wing") == pytest.approx(math.log((1 - smoothing) * 2 / 3 + smoothing * 3 / 6.5))
    if smoothing:
        assert model.log_prob("cone") == pytest.approx(math.log(smoothing * 1 / 6.5))
        assert model.log_prob("unseen") == pytest.approx(math.log(smoothing * 0.5 / 6.5))


def test_a_query_gets_one_log_probability_a_word_whatever_its_case() -> None:
    model = DocumentModel("wing lift", CollectionModel(["wing lift"]), 0.2)
    assert model.log_probs("Wing, lift?") == [model.log_prob("wing"), model.log_prob("lift")]


def test_probabilities_over_the_vocabulary_sum_to_one_on_a_real_collection(
    collection: Callable[[str], Path],
) -> None:
    corpus = open_corpus(collection("cranfield"))
    model = CollectionModel(document.contents for document in corpus)
    for document in corpus.sample(5, seed=1):
        own = DocumentModel(document.contents, model, 0.2)
        assert math.fsum(math.exp(own.log_prob(term)) for term in model.term_counts) == pytest.approx(1, abs=1e-4)


def test_terms_are_drawn_as_often_as_their_probability_says() -> None:
    collection = CollectionModel(["a1 a1 a1 b1", "c1 c1 c1 b1"])
    model = DocumentModel("a1 a1 a1 b1", collection, 0.4)
    rng = np.random.default_rng(3)
    drawn = Counter(model.draw(rng) for _ in range(20_000))
    # (1 - 0.4) tf/4 + 0.4 cf/8; five standard deviations of a share of 20,000 draws are below 0.018.
    expected = {"a1": 0.45 + 0.15, "b1": 0.15 + 0.1, "c1": 0.15}
    assert {term: count / 20_000 for term, count in drawn.items()} == pytest.approx(expected, abs=0.018)


def test_draws_do_not_depend_on_the_order_in_which_the_collection_was_read() -> None:
    texts = [f"word{n} word{n * 7 % 50} shared" for n in range(50)]
    shuffled = random.Random(1).sample(texts, len(texts))
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    first, second = CollectionModel(texts), CollectionModel(shuffled)
    assert [first.draw(one) for _ in range(100)] == [second.draw(other) for _ in range(100)]

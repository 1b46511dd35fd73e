"""Exact search over a matrix, against a sort of every product."""

import numpy as np
import pytest

from inpars.retrieve.embeddings import unit_length
from inpars.retrieve.nearest import Exact, best


def brute_force(matrix, doc_ids, query, k):
    scores = (matrix.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    order = sorted(range(len(matrix)), key=lambda place: (scores[place], doc_ids[place]), reverse=True)[:k]
    return [doc_ids[place] for place in order]


def searched(matrix, doc_ids, queries, k, rows_at_once):
    found = Exact(matrix, doc_ids, rows_at_once).nearest(queries, k)
    return [
        [doc_ids[place] for place in best(matrix, doc_ids, query, places, k)[0]]
        for query, places in zip(queries, found, strict=True)
    ]


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(3)
    matrix = unit_length(rng.standard_normal((700, 24)).astype(np.float32))
    queries = unit_length(rng.standard_normal((9, 24)).astype(np.float32))
    return matrix, [f"d{number}" for number in rng.permutation(700)], queries


@pytest.mark.parametrize("rows_at_once", [1, 7, 64, 699, 700, 5000])
@pytest.mark.parametrize("k", [1, 10, 699])
def test_blocks_of_any_size_find_what_a_sort_of_everything_finds(vectors, rows_at_once, k):
    matrix, doc_ids, queries = vectors
    expected = [brute_force(matrix, doc_ids, query, k) for query in queries]
    assert searched(matrix, doc_ids, queries, k, rows_at_once) == expected


def test_more_results_than_rows_are_all_the_rows(vectors):
    matrix, doc_ids, queries = vectors
    assert [len(found) for found in searched(matrix, doc_ids, queries, 10_000, 64)] == [700] * 9


def test_of_equal_rows_the_larger_ids_come_first_whatever_block_they_are_in():
    """Three thousand copies of one row, which no bounded pool of candidates can hold, among a few others."""
    rng = np.random.default_rng(1)
    copy, others = rng.standard_normal(16).astype(np.float32), rng.standard_normal((20, 16)).astype(np.float32)
    matrix = np.concatenate([np.tile(copy, (1500, 1)), others, np.tile(copy, (1500, 1))])
    doc_ids = [f"{number:04d}" for number in rng.permutation(len(matrix))]
    [found] = searched(matrix, doc_ids, copy[None, :], 10, 50)
    assert found == brute_force(matrix, doc_ids, copy, 10)
    assert found == sorted(found, reverse=True)


def test_rows_of_any_length_are_compared_by_their_dot_product():
    rng = np.random.default_rng(2)
    matrix = (rng.standard_normal((300, 8)) * rng.lognormal(0, 3, (300, 1))).astype(np.float32)
    doc_ids = [f"d{number:03d}" for number in range(300)]
    queries = (100 * rng.standard_normal((5, 8))).astype(np.float32)
    assert searched(matrix, doc_ids, queries, 12, 32) == [brute_force(matrix, doc_ids, q, 12) for q in queries]


@pytest.mark.parametrize("rows_at_once", [3, 50, 1000])
def test_products_that_single_precision_cannot_tell_apart_are_still_ranked(rows_at_once):
    """Large terms that cancel: what is left is smaller than the error of a sum in single precision."""
    rng = np.random.default_rng(5)
    large = 1000 * rng.standard_normal((400, 32))
    matrix = np.concatenate([large, -large + 1e-4 * rng.standard_normal((400, 32))], axis=1).astype(np.float32)
    doc_ids, query = [f"d{number:03d}" for number in range(400)], np.ones(64, dtype=np.float32)
    rough = [doc_ids[place] for place in np.argsort(-(matrix @ query))[:5]]
    [found] = searched(matrix, doc_ids, query[None, :], 5, rows_at_once)
    assert found == brute_force(matrix, doc_ids, query, 5) != rough


def test_half_precision_is_read_as_it_is_and_multiplied_in_more():
    rng = np.random.default_rng(4)
    matrix = rng.standard_normal((200, 32)).astype(np.float16)
    doc_ids = [f"d{number:03d}" for number in range(200)]
    queries = rng.standard_normal((4, 32)).astype(np.float32)
    assert searched(matrix, doc_ids, queries, 20, 33) == [brute_force(matrix, doc_ids, q, 20) for q in queries]


def test_few_more_rows_than_asked_for_are_left_to_decide_between(vectors):
    matrix, doc_ids, queries = vectors
    assert all(10 <= len(places) <= 74 for places in Exact(matrix, doc_ids, 64).nearest(queries, 10))

"""Scores of several systems on one scale."""

import numpy as np
import pytest

from inpars.retrieve.fusion import fuse


def test_scores_are_standardised_and_added_up():
    fused = fuse([{"a": 30.0, "b": 20.0, "c": 10.0}, {"a": 0.1, "b": 0.2, "c": 0.3}], [0.75, 0.25])
    z = np.array([1, 0, -1]) / np.sqrt(2 / 3)
    assert fused == pytest.approx(dict(zip("abc", 0.75 * z + 0.25 * -z, strict=True)))


def test_the_scale_of_a_system_does_not_matter():
    first, model = {"a": 3.0, "b": 2.0, "c": 0.5}, {"a": 0.2, "b": 0.9, "c": 0.4}
    other = {doc: 7 * score + 100 for doc, score in model.items()}
    assert fuse([first, model], [0.4, 0.6]) == pytest.approx(fuse([first, other], [0.4, 0.6]))


def test_a_document_that_a_system_lacks_has_its_lowest_score():
    with_lowest = fuse([{"a": 3.0, "b": 1.0, "c": 1.0}, {"b": 1.0, "c": 2.0, "a": 1.0}], [0.5, 0.5])
    assert fuse([{"a": 3.0, "b": 1.0}, {"b": 1.0, "c": 2.0}], [0.5, 0.5]) == pytest.approx(with_lowest)


def test_any_number_of_systems_is_fused_and_one_that_found_nothing_says_nothing():
    systems = [{"a": 1.0, "b": 2.0}, {"a": 5.0, "b": 3.0}, {"a": 0.0, "b": 1.0}]
    assert fuse(systems, [0.2, 0.5, 0.3]) == pytest.approx({"a": 0.0, "b": 0.0}, abs=1e-12)
    assert fuse([*systems[:2], {}], [0.2, 0.5, 0.3]) == pytest.approx({"a": 0.3, "b": -0.3})
    assert fuse([{}, {}], [0.5, 0.5]) == {}


def test_equal_scores_of_one_system_leave_the_others_to_decide():
    assert fuse([{"a": 1.0, "b": 1.0}, {"a": 0.1, "b": 0.2}], [0.5, 0.5]) == pytest.approx({"a": -0.5, "b": 0.5})


def test_with_a_scale_of_its_own_a_system_that_tells_nothing_apart_says_little():
    bm25, alike = {"a": 3.0, "b": 1.0}, {"a": 0.500, "b": 0.501}
    assert fuse([bm25, alike], [0.4, 0.6])["b"] > 0, "standardised, the least difference counts in full"
    fused = fuse([bm25, alike], [0.4, 0.6], [None, 0.1])
    assert fused == pytest.approx({"a": 0.4 - 0.6 * 0.0005 / 0.1, "b": -0.4 + 0.6 * 0.0005 / 0.1})


def test_a_scale_of_nothing_is_none():
    bm25, model = {"a": 3.0, "b": 1.0}, {"a": 0.1, "b": 0.2}
    assert fuse([bm25, model], [0.4, 0.6], [None, 0.0]) == fuse([bm25, model], [0.4, 0.6])

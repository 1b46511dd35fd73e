from __future__ import annotations

from inpars.data.hashes import hash_of


def test_the_order_of_keys_does_not_count_and_that_of_a_list_does() -> None:
    assert hash_of({"a": [1, {"c": 2, "b": 3}], "d": None}) == hash_of({"d": None, "a": [1, {"b": 3, "c": 2}]})
    assert hash_of([1, 2]) != hash_of([2, 1])


def test_a_hash_stays_what_it_was() -> None:
    # Finished outputs and paid answers are found again by these: sha256 of '["é",{"a":1.5}]'.
    assert hash_of(["é", {"a": 1.5}]) == "9badb3d9c3e7384b32442f07d637f5a9e0f9385ea6b687cb431178e77e8ea457"

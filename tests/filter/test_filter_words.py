from __future__ import annotations

from inpars.filter.words import number_of_words, shingles


def test_words_are_counted_between_blanks_and_by_two_characters_where_there_are_none() -> None:
    assert number_of_words("the A-10's lift") == 3
    assert number_of_words("日本の首都") == 3


def test_shingles_are_words_in_a_row_and_all_of_them_where_there_are_too_few() -> None:
    assert shingles(["a", "b", "c"], 2) == {("a", "b"), ("b", "c")}
    assert shingles(["a", "b"], 3) == {("a", "b")}
    assert shingles([], 3) == frozenset()

from __future__ import annotations

import pytest

from inpars.data.records import SyntheticQuery
from inpars.filter.config import LengthOptions
from inpars.filter.length import judge


def judged(text: str, **options: int) -> str | None:
    [reason] = judge([SyntheticQuery(text, "d")], LengthOptions(**options))
    return reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("two words", "2 words, fewer than 3"),
        ("", "0 words, fewer than 3"),
        (" \n ", "0 words, fewer than 3"),
        ("three whole words", None),
        ("this one has five words", None),
        ("this one has six words now", "6 words, more than 5"),
    ],
)
def test_queries_from_min_to_max_words_are_kept(text: str, reason: str | None) -> None:
    assert judged(text, min_words=3, max_words=5) == reason


@pytest.mark.parametrize(
    "text", ["8世紀に日本の首都はどこでしたか。", "中国的首都是哪里", "เมืองหลวงของประเทศไทยคืออะไร"]
)
def test_a_question_in_a_script_without_blanks_is_not_one_word(text: str) -> None:
    assert judged(text) is None


def test_two_characters_of_a_script_without_blanks_make_a_word() -> None:
    assert judged("日本の首", min_words=3) == "2 words, fewer than 3"
    assert judged("日本の首都", min_words=3) is None
    assert judged("NASA の本部", min_words=4) == "3 words, fewer than 4"

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.records import SyntheticQuery
from inpars.filter.length import judge
from inpars.filter.method import Context
from inpars.filter.options import LengthOptions

Judged = Callable[..., str | None]


@pytest.fixture
def judged(reasons: Callable[..., list[str | None]]) -> Judged:
    def apply(text: str, **options: int) -> str | None:
        [reason] = reasons(judge, [SyntheticQuery(text, "d")], LengthOptions(**options))
        return reason

    return apply


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
def test_queries_from_min_to_max_words_are_kept(text: str, reason: str | None, judged: Judged) -> None:
    assert judged(text, min_words=3, max_words=5) == reason


@pytest.mark.parametrize(
    "text", ["8世紀に日本の首都はどこでしたか。", "中国的首都是哪里", "เมืองหลวงของประเทศไทยคืออะไร"]
)
def test_a_question_in_a_script_without_blanks_is_not_one_word(text: str, judged: Judged) -> None:
    assert judged(text) is None


def test_two_characters_of_a_script_without_blanks_make_a_word(judged: Judged) -> None:
    assert judged("日本の首", min_words=3) == "2 words, fewer than 3"
    assert judged("日本の首都", min_words=3) is None
    assert judged("NASA の本部", min_words=4) == "3 words, fewer than 4"


def test_the_number_of_words_stands_with_the_scores_and_is_no_quality() -> None:
    query = SyntheticQuery("what is lift", "d", score=-1.5)
    judge([query], LengthOptions(), Context(Path("unused"), "length"))
    assert (query.scores, query.score) == ({"length": 3.0}, -1.5)

from __future__ import annotations

import pytest

from inpars.data.records import SyntheticQuery
from inpars.filter.config import CopiedOptions
from inpars.filter.copied import judge

TEXT = "The spar bends. A thick profile stalls later, than (thin) ones."


def judged(query: str, text: str = TEXT) -> str | None:
    [reason] = judge([SyntheticQuery(query, "d", text)], CopiedOptions(min_words=4))
    return reason


@pytest.mark.parametrize(
    "query",
    ["A thick profile stalls later", "a THICK profile\nstalls!", "later than thin ones?", "bends: a thick profile"],
)
def test_words_that_stand_in_the_document_in_this_order_are_a_copy_whatever_is_between_them(query: str) -> None:
    assert judged(query) == "copied from the document"


@pytest.mark.parametrize(
    "query",
    [
        "why does a thick profile stall",
        "thick a profile stalls later",
        "hick profile stalls late",
        "profile stalls later",
    ],
)
def test_other_words_another_order_parts_of_words_and_short_queries_are_no_copy(query: str) -> None:
    assert judged(query) is None


def test_a_sentence_cut_out_of_the_document_is_no_copy() -> None:
    assert judged("A thick profile stalls later", "The spar bends.") is None


def test_without_a_document_nothing_is_a_copy() -> None:
    assert judged("A thick profile stalls later", "") is None

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.records import SyntheticQuery
from inpars.errors import InparsError, NothingProduced
from inpars.filter.copied import judge
from inpars.filter.method import Context
from inpars.filter.options import CopiedOptions

Judged = Callable[..., str | None]

TEXT = "The spar bends. A thick profile stalls later, than (thin) ones."


@pytest.fixture
def judged(reasons: Callable[..., list[str | None]]) -> Judged:
    def apply(query: str, text: str = TEXT, **options: Any) -> str | None:
        [reason] = reasons(judge, [SyntheticQuery(query, "d", text)], CopiedOptions(min_words=4, **options))
        return reason

    return apply


@pytest.mark.parametrize(
    "query",
    ["A thick profile stalls later", "a THICK profile\nstalls!", "later than thin ones?", "bends: a thick profile"],
)
def test_words_that_stand_in_the_document_in_this_order_are_a_copy_whatever_is_between_them(
    query: str, judged: Judged
) -> None:
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
def test_other_words_another_order_parts_of_words_and_short_queries_are_no_copy(query: str, judged: Judged) -> None:
    assert judged(query) is None


def test_a_sentence_cut_out_of_the_document_is_no_copy(judged: Judged) -> None:
    assert judged("A thick profile stalls later", "The spar bends.") is None


def test_the_corpus_has_the_document_of_a_row_that_holds_none(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    corpus = write_jsonl([{"_id": "d", "text": TEXT}], "corpus.jsonl")
    queries = write_jsonl([{"query": "A thick profile stalls later", "doc_id": "d"}], "queries.jsonl")
    with pytest.raises(InparsError, match="no corpus was given"):
        inpars.filter(queries, tmp_path / "kept.jsonl", methods=["copied"])
    with pytest.raises(NothingProduced):
        inpars.filter(queries, tmp_path / "kept.jsonl", methods=["copied"], corpus=corpus)
    assert '"reason":"copied from the document"' in (tmp_path / "kept.dropped.jsonl").read_text()


@pytest.mark.parametrize(
    ("query", "reason"),
    [("首都は東京です", "copied from the document"), ("首都は京都です", None), ("東京", None)],
)
def test_where_no_blanks_part_the_words_a_part_of_a_run_is_a_copy(
    query: str, reason: str | None, judged: Judged
) -> None:
    assert judged(query, "日本の首都は東京ですよね。") == reason


@pytest.mark.parametrize(
    ("query", "share"),
    [
        ("why a thick profile stalls", 2 / 3),
        ("why does a profile stall later than", 0),
        ("does a thick profile, in fact, stall", 1 / 5),
        ("thick profile", 1),
        ("", 0),
    ],
)
def test_the_share_of_word_triples_that_stand_in_the_document_is_the_score(query: str, share: float) -> None:
    one = SyntheticQuery(query, "d", TEXT, score=-1.0)
    judge([one], CopiedOptions(max_share=0.9), Context(Path("unused"), "copied"))
    assert one.scores == {"copied": pytest.approx(share)}
    assert one.score == -1.0


def test_queries_of_whose_ngrams_too_large_a_share_is_copied_are_dropped_with_it(judged: Judged) -> None:
    query = "why a thick profile stalls"
    assert judged(query, max_share=0.5) == "67% of its 3-grams are copied from the document"
    assert judged(query, max_share=0.67) is None
    assert judged(query, max_share=0.67, ngram=1) == "80% of its 1-grams are copied from the document"
    # As large as the share is not too large.
    assert judged(query, max_share=0.8, ngram=1) is None
    assert judged(query) is None


def test_a_share_counts_words_that_stand_there_in_another_order_a_whole_copy_does_not(judged: Judged) -> None:
    query = "profile stalls later bends a thick"
    assert judged(query) is None
    assert judged(query, max_share=0.9, ngram=1) == "100% of its 1-grams are copied from the document"


def test_short_queries_are_not_dropped_for_their_share_either(judged: Judged) -> None:
    assert judged("thick profile stalls", max_share=0.1) is None

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.queries import read_queries
from inpars.data.records import SyntheticQuery
from inpars.filter.config import DuplicatesOptions
from inpars.filter.duplicates import judge


def queries_of(texts: list[str]) -> list[SyntheticQuery]:
    return [SyntheticQuery(text, f"d{number}", query_id=f"q{number}") for number, text in enumerate(texts)]


def judged(texts: list[str], similarity: float = 0.8) -> list[str | None]:
    return judge(queries_of(texts), DuplicatesOptions(similarity=similarity))


def brute_force(texts: list[str], similarity: float) -> list[str | None]:
    """Every query against every kept one before it."""
    kept: list[tuple[int, str, set[str]]] = []
    reasons: list[str | None] = []
    for number, text in enumerate(texts):
        plain, words = " ".join(text.lower().split()), set(re.findall(r"\w+", text.lower()))
        reason = next((f"same as q{other}" for other, theirs, _ in kept if theirs == plain), None)
        if reason is None and similarity < 1:
            for other, _, theirs in kept:
                if words | theirs and len(words & theirs) / len(words | theirs) >= similarity:
                    reason = f"near duplicate of q{other}"
                    break
        if reason is None:
            kept.append((number, plain, words))
        reasons.append(reason)
    return reasons


def test_the_first_of_equal_queries_is_kept_whatever_their_case_and_blanks() -> None:
    assert judged(["What is lift", "drag of a cone", "what  is LIFT "]) == [None, None, "same as q0"]


def test_queries_with_nearly_the_same_words_are_near_duplicates() -> None:
    texts = ["how does a thick wing stall", "how does a thick wing stall early", "how does a cone stall early"]
    assert judged(texts) == [None, "near duplicate of q0", None]


def test_similarity_is_reached_when_it_is_equal() -> None:
    assert judged(["a b c d", "a b c d e"], 0.8) == [None, "near duplicate of q0"]
    assert judged(["a b c d", "a b c d e"], 0.81) == [None, None]


def test_similarity_one_drops_exact_duplicates_only() -> None:
    assert judged(["lift of wing", "wing of lift", "lift of wing"], 1) == [None, None, "same as q0"]


def test_a_query_is_compared_with_kept_ones_only() -> None:
    # q2 is like q1, which was dropped, but not like q0.
    assert judged(["a b c d", "a b c d e", "a b c d e f"], 0.8) == [None, "near duplicate of q0", None]


def test_queries_without_words_are_duplicates_of_the_same_marks_only() -> None:
    assert judged(["???", "!!!", "???", ""]) == [None, None, "same as q0", None]


def test_no_pair_is_missed_where_rounding_lifts_the_needed_overlap_by_one() -> None:
    assert 0.56 * 25 > 14 == 56 * 25 / 100
    common = [f"c{n}" for n in range(14)]
    # Said often, the common words are the last to be looked for.
    filler = [f"{word} {word}x {word}y {word}z" for word in common]
    texts = [*filler, " ".join(common), " ".join([*common, *(f"r{n}" for n in range(11))])]
    assert judged(texts, 0.56)[-1] == f"near duplicate of q{len(filler)}"


@pytest.mark.parametrize("similarity", [0.1, 0.34, 0.5, 0.55, 0.6, 0.75, 0.8, 0.9, 1])
def test_random_queries_are_judged_as_by_comparing_all_pairs(similarity: float) -> None:
    rng = random.Random(7)
    vocabulary = [f"w{n}" for n in range(14)]
    texts = [" ".join(rng.choices(vocabulary, k=rng.randint(0, 9))) for _ in range(400)]
    expected = brute_force(texts, similarity)
    assert judged(texts, similarity) == expected
    assert None in expected
    assert any(expected)


@pytest.mark.parametrize("similarity", [0.5, 0.8])
def test_real_questions_are_judged_as_by_comparing_all_pairs(
    similarity: float, collection: Callable[[str], Path]
) -> None:
    texts = [query.text for query in read_queries(collection("xquad-en") / "queries.jsonl")]
    expected = brute_force(texts, similarity)
    assert judged(texts, similarity) == expected
    assert any(expected)

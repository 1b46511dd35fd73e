from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from inpars.data.queries import read_queries
from inpars.data.records import SyntheticQuery
from inpars.data.segmentation import segment
from inpars.errors import OptionError
from inpars.filter.duplicates import judge
from inpars.filter.method import Context, Dropped
from inpars.filter.near_words import jaccard
from inpars.filter.options import DuplicatesOptions


def queries_of(texts: Sequence[str], scores: Sequence[float] | None = None) -> list[SyntheticQuery]:
    """Queries q0000, q0001, … with these texts and scores."""
    return [
        SyntheticQuery(text, f"d{n}", query_id=f"q{n:04d}", score=scores[n] if scores else None)
        for n, text in enumerate(texts)
    ]


def judged(texts: Sequence[str], similarity: float | None = 0.8, **options: Any) -> list[str | None]:
    """For each text, in the order of ids, what the reason to drop it says before the other's text, or None."""
    context = Context(Path("unused"), "duplicates")
    outcomes = judge(queries_of(texts), DuplicatesOptions(similarity=similarity, **options), context)
    return [outcome and cast(Dropped, outcome).reason.partition(",")[0] for outcome in outcomes]


def brute_force(texts: Sequence[str], similarity: float, length: int = 1) -> list[str | None]:
    """Every query against every kept one before it."""
    kept: list[tuple[int, str, set[Any]]] = []
    reasons: list[str | None] = []
    for number, text in enumerate(texts):
        plain, words = " ".join(text.lower().split()), segment(text)
        own = {tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1))} if words else set()
        reason = next((f"same as q{other:04d}" for other, theirs, _ in kept if theirs == plain), None)
        if reason is None:
            for other, _, theirs in kept:
                if own | theirs and len(own & theirs) / len(own | theirs) >= similarity:
                    reason = f"near duplicate of q{other:04d}"
                    break
        if reason is None:
            kept.append((number, plain, own))
        reasons.append(reason)
    return reasons


def test_the_first_of_equal_queries_is_kept_whatever_their_case_and_blanks() -> None:
    assert judged(["What is lift", "drag of a cone", "what  is LIFT "]) == [None, None, "same as q0000"]


def test_queries_with_nearly_the_same_words_are_near_duplicates() -> None:
    texts = ["how does a thick wing stall", "how does a thick wing stall early", "how does a cone stall early"]
    assert judged(texts) == [None, "near duplicate of q0000", None]


def test_similarity_is_reached_when_it_is_equal() -> None:
    assert judged(["a b c d", "a b c d e"], 0.8) == [None, "near duplicate of q0000"]
    assert judged(["a b c d", "a b c d e"], 0.81) == [None, None]


def test_similarity_one_takes_the_same_words_in_whatever_order() -> None:
    assert judged(["lift of wing", "wing of lift", "lift of wing"], 1) == [
        None,
        "near duplicate of q0000",
        "same as q0000",
    ]


def test_exact_takes_equal_ones_only() -> None:
    texts = ["lift of wing", "wing of lift", "Lift  of wing"]
    assert judged(texts, kind="exact") == [None, None, "same as q0000"]


def test_the_reason_says_what_the_other_query_was() -> None:
    texts = ["how does a thick wing stall", "how does a thick wing stall early"]
    outcomes = judge(queries_of(texts), DuplicatesOptions(), Context(Path("unused"), "duplicates"))
    assert outcomes == [None, Dropped("near duplicate of q0000, 'how does a thick wing stall'")]


@pytest.mark.parametrize("texts", [["same words", "same words"], ["a b c d", "a b c d e"]])
def test_of_several_alike_the_best_scored_is_kept_then_the_smallest_id(texts: list[str]) -> None:
    context = Context(Path("unused"), "duplicates")

    def kept(queries: list[SyntheticQuery]) -> list[str]:
        outcomes = judge(queries, DuplicatesOptions(), context)
        return [query.query_id for query, outcome in zip(queries, outcomes, strict=True) if outcome is None]

    assert kept(queries_of(texts, [1.0, 2.0])) == ["q0001"]
    assert kept(queries_of(texts, [2.0, 2.0])[::-1]) == ["q0000"]
    # What has a score is better than what has none.
    unscored, scored = queries_of(texts)
    scored.score = -9.0
    assert kept([unscored, scored]) == ["q0001"]


def test_copies_of_a_near_duplicate_are_told_of_the_one_that_is_kept() -> None:
    texts = ["a b c d", "a b c d e", "A b c d e"]
    assert judged(texts) == [None, "near duplicate of q0000", "near duplicate of q0000"]


def test_shingles_compare_the_order_of_words_too() -> None:
    texts = ["the wing of the bird", "the bird of the wing"]
    assert judged(texts, 1) == [None, "near duplicate of q0000"]
    assert judged(texts, 0.9, shingle=2) == [None, None]
    assert judged(["what is a wing", "what is a wing then"], 0.75, shingle=2) == [None, "near duplicate of q0000"]


def test_questions_without_blanks_are_compared_by_pairs_of_characters() -> None:
    texts = ["日本の首都はどこですか", "日本の首都はどこでしたか", "中国の人口は何人ですか"]
    assert judged(texts, 0.6) == [None, "near duplicate of q0000", None]


def test_a_query_is_compared_with_kept_ones_only() -> None:
    # q2 is like q1, which was dropped, but not like q0.
    assert judged(["a b c d", "a b c d e", "a b c d e f"], 0.8) == [None, "near duplicate of q0000", None]


def test_queries_without_words_are_duplicates_of_the_same_marks_only() -> None:
    assert judged(["???", "!!!", "???", ""]) == [None, None, "same as q0000", None]


def test_no_pair_is_missed_where_rounding_lifts_the_needed_overlap_by_one() -> None:
    assert 0.56 * 25 > 14 == 56 * 25 / 100
    common = [f"c{n}" for n in range(14)]
    # Said often, the common words are the last to be looked for.
    filler = [f"{word} {word}x {word}y {word}z" for word in common]
    texts = [*filler, " ".join(common), " ".join([*common, *(f"r{n}" for n in range(11))])]
    assert judged(texts, 0.56)[-1] == f"near duplicate of q{len(filler):04d}"


@pytest.mark.parametrize("similarity", [0.1, 0.34, 0.5, 0.55, 0.6, 0.75, 0.8, 0.9, 1])
@pytest.mark.parametrize("shingle", [1, 2])
def test_random_queries_are_judged_as_by_comparing_all_pairs(similarity: float, shingle: int) -> None:
    rng = random.Random(7)
    vocabulary = [f"w{n}" for n in range(14)]
    texts = [" ".join(rng.choices(vocabulary, k=rng.randint(0, 9))) for _ in range(400)]
    expected = brute_force(texts, similarity, shingle)
    assert judged(texts, similarity, shingle=shingle) == expected
    assert None in expected
    assert any(expected)


@pytest.mark.parametrize("similarity", [0.5, 0.8])
def test_real_questions_are_judged_as_by_comparing_all_pairs(
    similarity: float, collection: Callable[[str], Path]
) -> None:
    texts = [query.text for query in read_queries(collection("xquad-en") / "queries.jsonl")][:600]
    expected = brute_force(texts, similarity)
    assert judged(texts, similarity) == expected
    assert any(expected)


def test_minhash_finds_only_what_is_near_and_nearly_all_of_it(collection: Callable[[str], Path]) -> None:
    pytest.importorskip("datasketch")
    texts = [query.text for query in read_queries(collection("xquad-en") / "queries.jsonl")][:600]
    found, expected = judged(texts, 0.5, kind="minhash"), brute_force(texts, 0.5)
    both = sum(one == other is not None for one, other in zip(found, expected, strict=True))
    assert both >= 0.9 * sum(reason is not None for reason in expected) > 20
    for text, reason in zip(texts, found, strict=True):
        if reason and reason.startswith("near"):
            other = texts[int(reason.rpartition("q")[2])]
            assert jaccard(frozenset(segment(text)), frozenset(segment(other))) >= 0.5


@pytest.mark.parametrize("options", [{"similarity": 1}, {"similarity": 0.99, "permutations": 16}])
def test_a_similarity_that_minhash_cannot_tell_is_refused(options: dict[str, float]) -> None:
    pytest.importorskip("datasketch")
    with pytest.raises(OptionError, match=r"pairs of similarity (1|0.99) by (128|16) permutations") as error:
        judged(["lift of a wing"], **{"kind": "minhash", **options})
    assert "take the kind words" in error.value.hint


def test_minhash_takes_queries_without_words_for_duplicates_of_the_same_marks_only() -> None:
    pytest.importorskip("datasketch")
    assert judged(["???", "!!!", "???"], kind="minhash") == [None, None, "same as q0000"]

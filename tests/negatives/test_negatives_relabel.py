"""False negatives: found by a scorer or a judge, left out or made positives."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.artifacts import facts_of
from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, SyntheticQuery
from inpars.errors import NothingProduced, OptionError
from inpars.models.language.base import Sampling
from inpars.models.scorers import load_scorer
from inpars.models.scorers.options import ScoringOptions

EXACT = {"precision": "fp32", "device": "cpu", "engine": "eager"}
QUERY = SyntheticQuery("wing", "w8")


def graded(**grades: int | str) -> Callable[[str], str]:
    """A judge's answer by the number that a document has in its text; 0 for the others."""
    number = re.compile(r"number(\d)")
    return lambda text: f"Grade: {grades.get('w' + number.findall(text)[-1], 0)}"


def test_what_a_judge_finds_relevant_is_left_out(
    mined: Callable[..., Any], wings: list[Document], grades_by: Any
) -> None:
    judge = grades_by(graded(w6=2, w5=3, w4=1))
    found = mined([QUERY], MemoryCorpus(wings), language_model=judge, sample="top", negatives_per_query=3)
    assert [triple.negative_ids for triple in found.triples] == [["w7", "w4", "w3"]]
    assert facts_of(found.output)["candidates"]["relabelled"] == 2
    assert facts_of(found.output)["judge"]["prompt_tokens"] == 5


def test_no_more_is_asked_than_is_needed(mined: Callable[..., Any], wings: list[Document], grades_by: Any) -> None:
    judge = grades_by(graded(w7=3))
    mined([QUERY], MemoryCorpus(wings), language_model=judge, sample="top", negatives_per_query=1)
    assert len(judge.asked) == 2


def test_min_grade_says_what_is_relevant(mined: Callable[..., Any], wings: list[Document], grades_by: Any) -> None:
    judge = grades_by(graded(w7=3, w6=2, w5=1))
    options = {"sample": "top", "negatives_per_query": 1, "language_model": judge}
    for min_grade, expected in ((1, "w4"), (2, "w5"), (3, "w6")):
        [triple] = mined([QUERY], MemoryCorpus(wings), relabel={"min_grade": min_grade}, **options).triples
        assert triple.negative_ids == [expected]


def test_a_promoted_document_is_a_further_positive_with_the_same_negatives(
    mined: Callable[..., Any], wings: list[Document], grades_by: Any
) -> None:
    query = SyntheticQuery("wing", "w8", "wing wing")
    found = mined(
        [query],
        MemoryCorpus(wings),
        language_model=grades_by(graded(w6=2, w5=3)),
        relabel={"action": "promote"},
        sample="top",
        negatives_per_query=3,
    )
    assert [triple.positive_id for triple in found.triples] == ["w8", "w6", "w5"]
    assert {triple.query_id for triple in found.triples} == {query.query_id}
    assert [triple.negative_ids for triple in found.triples] == [["w7", "w4", "w3"]] * 3
    assert [triple.positive_text for triple in found.triples] == ["wing wing", "", ""]
    facts = facts_of(found.output)
    assert (facts["triples"], facts["queries"], facts["candidates"]["promoted"]) == (3, 1, 2)


def test_what_says_the_same_as_a_promoted_document_is_no_negative_even_if_it_came_first(
    mined: Callable[..., Any], grades_by: Any
) -> None:
    words = "wing lift drag flow shock layer heat plate speed sound cone"
    corpus = MemoryCorpus(
        [
            Document("s", "wing number0"),
            Document("earlier", f"wing {words} number1"),
            Document("promoted", f"{words} number2 number1"),
            Document("later", f"{words} and theory of much else number1 number3"),
            Document("other", "wing theory number4"),
        ]
    )
    judge = grades_by(lambda text: f"Grade: {3 if 'number2' in text else 0}")
    [first, second] = mined(
        [SyntheticQuery("wing", "s")],
        corpus,
        language_model=judge,
        relabel={"action": "promote"},
        near_duplicates=0.8,
        negatives_per_query=9,
    ).triples
    assert (first.positive_id, second.positive_id) == ("s", "promoted")
    assert set(first.negative_ids) == set(second.negative_ids) == {"later", "other"}


def test_an_answer_that_cannot_be_read_is_an_error_and_a_rerun_asks_for_that_query_alone(
    mined: Callable[..., Any], wings: list[Document], grades_by: Any
) -> None:
    queries = [SyntheticQuery(f"wing number{n}", "w8", query_id=f"q{n}") for n in range(1, 6)]
    options = {"sample": "top", "negatives_per_query": 1, "unit_size": 2}
    whole = mined(queries, MemoryCorpus(wings), "whole.jsonl", language_model=grades_by(graded()), **options)
    broken = grades_by(lambda text: "I cannot say." if "wing number3" in text else "Grade: 0")
    found = mined(queries, MemoryCorpus(wings), "broken.jsonl", language_model=broken, **options)
    assert [triple.query_id for triple in found.triples] == ["q1", "q2", "q4", "q5"]
    assert not found.dropped
    [row] = found.errors
    assert (row["query_id"], row["failed_in"]) == ("q3", "negatives")
    assert row["error"].startswith("document 'w3': no grade in")
    assert facts_of(found.output)["errors"] == 1
    mended = grades_by(graded())
    again = mined(queries, MemoryCorpus(wings), "broken.jsonl", language_model=mended, **options)
    assert len(mended.asked) == 1
    assert again.output.read_bytes() == whole.output.read_bytes()
    assert not again.errors
    assert facts_of(again.output)["candidates"] == facts_of(whole.output)["candidates"]


def test_a_verdict_that_could_not_be_read_is_drawn_anew_and_the_others_are_what_they_were(
    mined: Callable[..., Any], wings: list[Document], grades_by: Any, read_rows: Callable[[Path], Any], tmp_path: Path
) -> None:
    class Undecided(grades_by):  # type: ignore[misc, valid-type]
        """Says the same at every seed, of one candidate nothing before the third."""

        def complete(self, prompts: Any, sampling: Sampling) -> Any:
            self.answer = lambda text: "I cannot say." if "number7" in text and sampling.seed < 2 else "Grade: 0"
            yield from super().complete(prompts, sampling)

    judge = Undecided(graded())
    options = {"sample": "top", "negatives_per_query": 3}
    for questions in (3, 4, 5):
        judge.asked.clear()
        with contextlib.suppress(NothingProduced):
            mined([QUERY], MemoryCorpus(wings), language_model=judge, **options)
        found = read_rows(tmp_path / "triples.jsonl")
        assert len(judge.asked) == questions
        assert bool(found.errors) == (questions < 5)
    whole = mined([QUERY], MemoryCorpus(wings), "whole.jsonl", language_model=grades_by(graded()), **options)
    assert found.output.read_bytes() == whole.output.read_bytes()


def test_another_judge_is_asked_anew(mined: Callable[..., Any], wings: list[Document], grades_by: Any) -> None:
    options = {"sample": "top", "negatives_per_query": 1}
    for name, answer, expected in (("one", graded(), "w7"), ("other", graded(w7=3), "w6")):
        found = mined([QUERY], MemoryCorpus(wings), language_model=grades_by(answer, name), **options)
        assert found.triples[0].negative_ids == [expected]


def test_a_scorer_finds_what_it_scores_no_lower_than_the_positive_or_than_a_threshold(
    mined: Callable[..., Any], toy_corpus: Path, tiny_cross_encoder: Path
) -> None:
    corpus = open_corpus(toy_corpus)
    texts = {document.doc_id: document.contents for document in corpus}
    scorer = load_scorer(tiny_cross_encoder, ScoringOptions(**EXACT))
    query = SyntheticQuery("wing lift drag", "d07")
    options = {"negatives_per_query": 60, "near_duplicates": 1, "scoring": EXACT}
    [everything] = mined([query], corpus, "all.jsonl", **options).triples
    scores = scorer.score({"q": query.query}, texts, {"q": ["d07", *everything.negative_ids]})["q"]
    by_score = sorted(scores.values())
    for threshold in (None, (by_score[20] + by_score[21]) / 2):
        limit = scores["d07"] if threshold is None else threshold
        relabel = {"scorer": str(tiny_cross_encoder), "threshold": threshold, "action": "promote"}
        found = mined([query], corpus, "some.jsonl", relabel=relabel, **options)
        expected = {doc_id for doc_id in everything.negative_ids if scores[doc_id] < limit}
        assert 0 < len(expected) < len(everything.negative_ids)
        assert set(found.triples[0].negative_ids) == expected
        promoted = [triple.positive_id for triple in found.triples[1:]]
        assert set(promoted) == set(everything.negative_ids) - expected


def test_a_scorer_and_a_judge_together_and_a_threshold_without_a_scorer_are_refused(
    mined: Callable[..., Any], wings: list[Document], grades_by: Any
) -> None:
    corpus = MemoryCorpus(wings)
    with pytest.raises(OptionError, match="either a scorer or a judge"):
        mined([QUERY], corpus, relabel={"scorer": "some/model", "judge": {"model": "dummy:"}})
    with pytest.raises(OptionError, match="a scorer or by a judge, not both"):
        mined([QUERY], corpus, relabel={"scorer": "some/model"}, language_model=grades_by(graded()))
    with pytest.raises(OptionError, match="a threshold needs a scorer"):
        mined([QUERY], corpus, relabel={"threshold": 0.5})


def test_a_judge_by_the_batch_api_is_refused(mined: Callable[..., Any], wings: list[Document], grades_by: Any) -> None:
    judge = {"model": "openai:tiny", "openai": {"batch_api": True}}
    with pytest.raises(OptionError, match=r"round by round, .*: leave out judge.openai.batch_api"):
        mined([QUERY], MemoryCorpus(wings), relabel={"judge": judge})
    ready = grades_by(graded())
    ready.batches = True
    with pytest.raises(OptionError, match="round by round"):
        mined([QUERY], MemoryCorpus(wings), language_model=ready)

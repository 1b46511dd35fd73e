"""What counts as a verdict, and above all what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpars.models.judges.prompt import GRADE
from inpars.models.judges.reading import GRADES, Unreadable, read_criteria, read_grade

NAMES = ["answerable", "specific"]


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        ("Grade: 2", 2),
        ("grade: 0\n", 0),
        ("**Grade:** 3", 3),
        ("Grade: **1**", 1),
        ("Grade: <2>", 2),
        ("3", 3),
        ("2.", 2),
        ("##final score: 1", 1),
        ("The final grade is 2.", 2),
        ("Grade: 2/3", 2),
        ("Grade: 2 out of 3", 2),
        ("The document has 14 pages on wings.\nGrade: 1", 1),
        ("<think>Grade: 0? No, it answers.</think>\nGrade: 3", 3),
        ("Grade: 0? No, it answers.</think>\nGrade: 3", 3),
        ("<think>Grade: 0?</think>Grade: 1? <think>No.</think>\nGrade: 3", 3),
        ("Grade: 3\n<think>Or was it Grade: 1", 3),
        ("[THINK]Grade: 0?[/THINK]Grade: 3", 3),
        ("<|channel|>analysis<|message|>Grade: 0?<|end|><|start|>assistant<|channel|>final<|message|>Grade: 3", 3),
    ],
)
def test_an_answer_with_one_grade_says_it(answer: str, grade: int) -> None:
    assert read_grade(answer, GRADE) == grade


@pytest.mark.parametrize(
    "answer",
    [
        *("", "  \n", "Relevant.", "Grade: high", "The document has 2 pages.", "4", "Grade: 4", "Grade: -1"),
        *("Grade: 2.5", "2.5", "-1", "Grade: 2 or 3", "Grade: 2-3", "Grade: 1, 2", "Grade: 1\nGrade: 2", "0 1 2 3"),
        *("Grade: 2/5", "<think>Grade: 2", "Grade: 2</think>", "Grade: 12", "Grade: ² "),
    ],
)
def test_an_answer_without_one_grade_is_no_verdict(answer: str) -> None:
    assert isinstance(read_grade(answer, GRADE), Unreadable)


@given(st.text(max_size=40))
def test_whatever_a_model_writes_is_a_grade_of_the_scale_or_unreadable(answer: str) -> None:
    found = read_grade(answer, GRADE)
    assert isinstance(found, Unreadable) or found in GRADES


@pytest.mark.parametrize(
    "answer",
    [
        "answerable: yes\nspecific: no",
        "specific: No.\nanswerable: YES",
        "- **Answerable**: yes\n- **Specific**: no",
        "1. answerable: yes\n2. specific: no",
        "Here are the verdicts:\n\nanswerable: yes, it is in the text\nspecific: no (too broad)",
        '{\n"answerable": "yes",\n"specific": "no"\n}',
        "answerable: <yes>\nspecific: <no>",
    ],
)
def test_an_answer_with_a_line_for_each_criterion_says_yes_or_no_to_each(answer: str) -> None:
    assert read_criteria(answer, NAMES) == {"answerable": True, "specific": False}


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("", "empty"),
        ("yes\nno", "'answerable' is not answered"),
        ("answerable: yes", "'specific' is not answered"),
        ("answerable: yes\nspecific: no\nanswerable: no", "'answerable' is answered 2 times"),
        ("answerable: yes\nspecific: maybe", "neither yes nor no to 'specific'"),
        ("answerable: yes\nspecific:\nno", "neither yes nor no to 'specific'"),
        ("answerable: yes or no\nspecific: no", "neither yes nor no to 'answerable'"),
        ("answerable: yes/no\nspecific: no", "neither yes nor no to 'answerable'"),
        ("answerable: not sure, perhaps yes\nspecific: no", "neither yes nor no to 'answerable'"),
        ("answerable: yes, specific: no", "neither yes nor no to 'answerable'"),
        ("answerable: yesterday\nspecific: no", "neither yes nor no to 'answerable'"),
        ("unanswerable: yes\nspecific: no", "'answerable' is not answered"),
    ],
)
def test_an_answer_that_leaves_out_or_contradicts_is_no_verdict(answer: str, cause: str) -> None:
    found = read_criteria(answer, NAMES)
    assert isinstance(found, Unreadable)
    assert cause in found.cause


def test_a_name_of_several_words_is_found_and_not_confused_with_a_shorter_one() -> None:
    answer = "natural language: yes\nnatural: no"
    assert read_criteria(answer, ["natural", "natural language"]) == {"natural": False, "natural language": True}


@given(st.text(alphabet="answerable:yesno\n /specific", max_size=60))
def test_whatever_a_model_writes_every_criterion_has_its_verdict_or_none_has(answer: str) -> None:
    found = read_criteria(answer, NAMES)
    assert isinstance(found, Unreadable) or list(found) == NAMES

"""What SmolLM2-135M-Instruct really wrote, and queries of people and of published generators that must stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.records import Document
from inpars.data.unusable import echoes, fault_of, is_unfinished, loops, without_document
from inpars.generate.prompts.library import load_template
from inpars.generate.prompts.prompter import Prompter
from inpars.models.language.tokenizers import EstimatedTokenizer

DOCUMENT = "os.sched_get_priority_max Get the maximum scheduling priority for policy."
GOOD = [
    "numpy arange",
    "what is lift",
    "0:0:0:0:0:0:0:1",
    "0.0.0.0",
    "U.S. policy in the U.S.S.R.",
    "new york new york",
    "difference between and and or",
    "vitamin a",
    "how much wood would a woodchuck chuck if a woodchuck could chuck wood",
    "what is retarded flow",
    "what is psilocybin used for",
    "where is the thyroid gland located and what does it do?",
    "Is a little caffeine ok during pregnancy?",
    "Information on the Canadian Armed Forces size and history.",
    "What is Passiflora herbertiana (a rare passion fruit) and how does it taste like?",
    "what are the structural and aeroelastic problems associated with flight of high speed aircraft .",
    "Quelle est la capitale de la France ?",
    "Wie hoch ist der Berg, der im Süden der Stadt liegt?",
    "qual é a capital do estado de São Paulo",
    "東京タワーの高さは何メートルですか",
    "日本の首都はどこ",
    "من هو مؤسس الشركة؟",
    "कंप्यूटर का आविष्कार किसने किया",
]


def prompt(name: str, document: str = DOCUMENT) -> str:
    """A built-in prompt with `document` in it, as a generation stores it."""
    prompter = Prompter(
        load_template(name),
        [],
        EstimatedTokenizer(),
        max_doc_length=256,
        max_query_length=200,
        max_prompt_length=2048,
        max_new_tokens=64,
    )
    return prompter.prompt(Document("d", document)).text


@pytest.mark.parametrize("name", ["inpars", "inpars-gbq", "zero-shot", "chain-of-thought", "promptagator-zero-shot"])
@pytest.mark.parametrize("query", GOOD)
def test_what_people_and_published_generators_ask_has_no_fault(query: str, name: str) -> None:
    document = f"A document. {query.title()}"
    frame = without_document(prompt(name, document), document)
    assert fault_of(query, frame, document, cut_off=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "get max priority policy max priority policy max priority policy max priority policy max priority policy",
        "setprofile set_profile_func_func_func_func_func_func_func_func_func_func",
        "1.1.1.1.1.1.1.1.1.1.1.1.1",
        "cmath.polar.r.r.r.r.r.r.r.r.r.r.r.r.r.r.r",
        "Immediate. Immediate. Immediate. Immediate. Immediate. Immediate. Immediate. Immediate. Immediate. Im",
        "This document is a good example of a good search query. It is a good example of a good search query. It is a "
        "good example of a good search query.",
        # Never twice quite the same.
        "The damage can be caused by a stroke. The damage can be caused by a brain tumor. The damage can be caused by "
        "a brain injury. The damage can be caused by a fall. The damage can be caused by a stroke or a brain injury.",
        "これは何ですかこれは何ですかこれは何ですか",
    ],
)
def test_the_same_words_over_and_over_are_a_loop(text: str) -> None:
    assert loops(text)


def test_how_often_makes_a_loop_is_an_option() -> None:
    text = "a b c a b c a b c"
    assert loops(text, repeated=6)
    assert not loops(text, repeated=7)
    varied = "one two three four five six seven eight one two three nine two three one two three four ten one two three"
    assert loops(varied, share=0.1)
    assert not loops(varied)


@pytest.mark.parametrize(
    ("text", "cut_off", "unfinished"),
    [
        ("what is the method for solving the boundary layer equations for a flat plate, and the method is", True, True),
        (
            "what is the method for solving the boundary layer equations for a flat plate, and the method is",
            False,
            False,
        ),
        ("Cervicitis is a very common condition.", True, False),
        ("飛行機はなぜ飛ぶのですか。", True, False),
        ('who said "to be or not to be?"', True, False),
        ("the answer is:", False, True),
        ("how is heat transferred through the", False, True),
        ("heat transfer, boundary layer,", False, True),
        ("the spectrum of f(", False, True),
        ("numpy arange", False, False),
    ],
)
def test_an_end_is_missing_after_a_cut_and_where_nothing_ends(text: str, cut_off: bool, unfinished: bool) -> None:
    assert is_unfinished(text, cut_off=cut_off) is unfinished


ZERO_SHOT = [
    "This document must be a good result for it. Use your own words, be specific enough to tell this document from "
    "similar ones, and do not mention that there is a document. Reply with the query alone, on one line.",
    "The document must be a good result for this document.",
    "This document is a good example of how to write a search query that is specific and accurate.",
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((text, "zero-shot") for text in ZERO_SHOT),
        ("What fruit is native to Australia?", "inpars"),
        ("Read the passage and generate a query.", "promptagator-zero-shot"),
        ("a rare passion fruit native to Australia with green-skinned white fleshed fruits", "inpars"),
    ],
)
def test_an_instruction_or_an_example_that_comes_back_is_an_echo(text: str, name: str) -> None:
    assert echoes(text, without_document(prompt(name), DOCUMENT), DOCUMENT)


def test_what_the_document_says_too_is_no_echo() -> None:
    text, document = "What fruit is native to Australia?", "A fruit native to Australia is the finger lime."
    assert echoes(text, without_document(prompt("inpars"), DOCUMENT), DOCUMENT)
    assert not echoes(text, without_document(prompt("inpars", document), document), document)
    about_search = "How do you write a search query that is specific to one document?"
    own = "Write a query: a search query names one document, and is specific."
    assert not echoes(about_search, without_document(prompt("zero-shot", own), own), own)


def test_the_pattern_of_an_example_with_words_of_its_own_is_no_echo() -> None:
    frame = without_document(prompt("inpars"), DOCUMENT)
    assert not echoes("How large is the scheduling priority?", frame, DOCUMENT)
    assert not echoes("What fruit is native to Spain?", frame, "Loquats come from Spain.")


def test_how_much_of_the_prompt_makes_an_echo_is_an_option() -> None:
    text = "which equations define the stability of corrugated core cylinders under a magnetic field of high energy"
    frame = "Document: {document}\nQuery: which equations define the stability of corrugated core cylinders\n"
    assert echoes(text, frame, "plasma")
    assert not echoes(text, frame, "plasma", share=0.7)


@pytest.mark.parametrize("document", ["A  text\non two lines.", "cut off after the third word, but long, " * 99])
@pytest.mark.parametrize("name", ["inpars", "zero-shot"])
def test_a_prompt_without_its_document_is_the_same_for_all(document: str, name: str) -> None:
    assert without_document(prompt(name, document), document) == without_document(prompt(name), DOCUMENT)


def test_a_document_that_is_not_in_the_prompt_leaves_it_as_it_is() -> None:
    assert without_document("Document: one\nQuery:", "another") == "Document: one\nQuery:"


@pytest.mark.parametrize("name", ["cranfield", "cacm", "faquad-pt", "xquad-de", "medline"])
def test_none_of_the_queries_that_people_wrote_has_a_fault(name: str, collection: Callable[[str], Path]) -> None:
    rows = [json.loads(line) for line in (collection(name) / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    frames = [without_document(prompt(each), DOCUMENT) for each in ("inpars", "zero-shot")]
    faulty = [row["text"] for row in rows for frame in frames if fault_of(row["text"], frame, "", cut_off=False)]
    assert rows
    assert faulty == []

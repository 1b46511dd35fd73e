from __future__ import annotations

from pathlib import Path

import pytest

from inpars.errors import OptionError
from inpars.models.judges import Asks, JudgingOptions
from inpars.models.judges.prompt import load_prompt

OWN = (
    "pattern: |\n  Q {query} D {document}\n  How good, in points?\nreads: 'points (?P<grade>\\d)'\nstyle: completion\n"
)


def own(tmp_path: Path, text: str = OWN) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("asks", ["grade", "criteria"])
def test_the_prompts_that_ship_are_chats_that_ask_for_what_they_should(asks: Asks) -> None:
    prompt = load_prompt("", asks)
    assert (prompt.asks, prompt.style) == (asks, "chat")
    assert prompt.source


def test_the_criteria_that_ship_are_the_four() -> None:
    assert list(load_prompt("", "criteria").criteria) == ["answerable", "specific", "standalone", "natural"]


def test_query_and_document_stand_in_the_prompt_and_their_braces_stay() -> None:
    asked = load_prompt("", "grade").prompt("k", "what is {document}", "a set {query}")
    assert asked.key == "k"
    assert [message.role for message in asked.messages] == ["system", "user"]
    assert "Query: what is {document}" in asked.messages[1].content
    assert "Document: a set {query}" in asked.messages[1].content


def test_each_criterion_is_stated_and_the_reply_s_form_shown() -> None:
    prompt = load_prompt("", "criteria")
    statements = prompt.statements(["natural", "local: The query names a place."])
    content = prompt.prompt("k", "q", "d", statements).messages[1].content
    assert "local: The query names a place." in content
    assert content.endswith("natural: <yes or no>\nlocal: <yes or no>")
    assert "answerable" not in content


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ([], "no criteria"),
        (["naturl"], "did you mean 'natural'"),
        (["natural", "Natural: again"], "given twice"),
        (["local:"], "expected a name"),
        (["is it (local)?: yes"], "expected a name"),
    ],
)
def test_criteria_that_cannot_be_asked_are_refused(criteria: list[str], message: str) -> None:
    with pytest.raises(OptionError) as error:
        load_prompt("", "criteria").statements(criteria)
    assert message in str(error.value)


def test_a_file_of_one_s_own_takes_the_place_of_the_prompt_that_ships(tmp_path: Path) -> None:
    prompt = load_prompt(own(tmp_path), "grade")
    assert prompt.prompt("k", "wing", "lift").text == "Q wing D lift\nHow good, in points?"
    assert prompt.reads == r"points (?P<grade>\d)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pattern: 'Q {query}'", "{document} must stand in it once"),
        (OWN.replace("(?P<grade>\\d)", "(\\d)"), "no group"),
        (OWN + "colour: red", "unknown option"),
        ("- a list", "expected the fields of a judge prompt"),
    ],
)
def test_a_file_that_is_no_prompt_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(OptionError) as error:
        load_prompt(own(tmp_path, text), "grade")
    assert message in str(error.value)


def test_a_prompt_for_the_other_question_or_no_file_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"asked for criteria, and its pattern has no \{criteria\}"):
        load_prompt(own(tmp_path), "criteria")
    with pytest.raises(OptionError, match="no judge prompt at"):
        load_prompt(tmp_path / "absent.yaml", "grade")


def test_the_fingerprint_follows_the_wording_and_the_model_and_not_the_place(tmp_path: Path) -> None:
    first = JudgingOptions(model="dummy:a", prompt=str(own(tmp_path))).fingerprints("grade")
    (tmp_path / "moved").mkdir()
    moved = JudgingOptions(model="dummy:a", prompt=str(own(tmp_path / "moved"))).fingerprints("grade")
    assert moved == first
    own(tmp_path, OWN.replace("How good", "How useful"))
    reworded = JudgingOptions(model="dummy:b", prompt=str(tmp_path / "own.yaml")).fingerprints("grade")
    assert reworded["prompt"] != first["prompt"]
    assert reworded["model"] != first["model"]
    described = own(tmp_path, OWN + "description: mine\n")
    assert JudgingOptions(prompt=str(described)).fingerprints("grade") == {"prompt": first["prompt"]}

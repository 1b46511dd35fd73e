from __future__ import annotations

from pathlib import Path

import pytest

from inpars.cli import app
from inpars.errors import OptionError
from inpars.generate.prompts import builtin_templates


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    app(["prompts", *arguments], exit_on_error=False, result_action="return_value")
    return capsys.readouterr().out


def test_every_prompt_is_listed_with_what_it_needs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = {line.split()[0]: line for line in command(capsys).splitlines() if line.strip()}
    assert builtin_templates().keys() <= lines.keys()
    assert "the dataset's" in lines["promptagator-scifact"]
    assert "3 of its own" in lines["inpars"]
    assert "chat" in lines["zero-shot"]
    assert builtin_templates()["zero-shot"].description in lines["zero-shot"]


def test_a_prompt_is_shown_with_placeholders_for_examples(capsys: pytest.CaptureFixture[str]) -> None:
    shown = command(capsys, "show", "promptagator-dbpedia", "--document", "[bold]Wings.", "--n-fewshot-examples", "2")
    assert shown.endswith(
        "entity: ‹document 1›\nquery: ‹query 1›\n\n"
        "entity: ‹document 2›\nquery: ‹query 2›\n\n"
        "entity: [bold]Wings.\nquery:\n"
    )
    assert "Dai et al." in shown


def test_a_prompt_is_shown_with_the_form_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a factual claim" in command(capsys, "show", "zero-shot", "--query-form", "claim")


def test_a_prompt_of_ones_own_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Text: {document}\nQuery: {query}")
    assert command(capsys, "show", str(tmp_path / "mine.txt"), "--document", "A.") == "Text: A.\nQuery:\n"


def test_an_unknown_prompt_is_a_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OptionError, match="unknown prompt 'inparss'"):
        command(capsys, "show", "inparss")

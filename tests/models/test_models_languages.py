from __future__ import annotations

from pathlib import Path

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.models import languages
from inpars.models.languages import say_unspoken, stated_languages

GERMAN = MemoryCorpus([Document("a", "Der Gletscher bewegt sich unter seinem eigenen Gewicht langsam talwärts.")])
CHINESE = MemoryCorpus([Document("a", "冰川在自身重量的作用下缓慢地向山下移动，融水使它滑动得更快。")])


@pytest.fixture(autouse=True)
def _say_again() -> None:
    languages._LOOKED_AT.clear()


def card(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("front", "stated"),
    [
        ("language: en", {"en"}),
        ("language:\n- en\n- zh-CN", {"en", "zh"}),
        ("language: no", {"no"}),
        ("language:\n- multilingual\n- en", set()),
        ("language: code", set()),
        ("license: mit", set()),
        ("language: [", set()),
        ("- a list", set()),
    ],
)
def test_a_models_languages_are_those_of_its_card(tmp_path: Path, front: str, stated: set[str]) -> None:
    assert stated_languages(card(tmp_path, f"---\n{front}\n---\n# A model\n")) == stated


def test_a_card_without_front_matter_states_none(tmp_path: Path) -> None:
    assert stated_languages(card(tmp_path, "# A model\n---\nlanguage: en\n---\n")) == frozenset()
    assert stated_languages(tmp_path / "nothing") == frozenset()


def test_a_model_for_another_language_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(card(tmp_path, "---\nlanguage: en\n---\n"))
    for _ in range(2):
        say_unspoken([model, model], GERMAN)
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("is a model for en by its card, and the documents are in de") == 1


def test_a_model_for_the_documents_language_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say_unspoken([str(card(tmp_path, "---\nlanguage: [de, en]\n---\n"))], GERMAN, "de")
    assert "hint" not in capsys.readouterr().err


def test_a_tokenizer_that_does_not_know_the_words_is_told_of(
    tiny_bi_encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say_unspoken([str(tiny_bi_encoder)], CHINESE)
    assert "of the tokens of these documents" in " ".join(capsys.readouterr().err.split())


def test_a_tokenizer_that_cuts_the_second_text_alone_reads_one_text(tiny_bi_encoder: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tiny_bi_encoder / "tokenizer.json"))
    tokenizer.enable_truncation(1, strategy="only_second")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert languages._unknown_share(tmp_path, CHINESE) > 0.1

from __future__ import annotations

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.languages import Recognised, known_language, language_of, recognise
from inpars.data.records import Document
from inpars.errors import OptionError

TEXTS = {
    "en": "A glacier moves slowly downhill under its own weight.",
    "de": "Der Gletscher bewegt sich unter seinem eigenen Gewicht langsam talwärts.",
    "pt": "A geleira move-se lentamente encosta abaixo sob o próprio peso.",
    "tr": "Buzul kendi ağırlığı altında yavaşça yokuş aşağı hareket eder.",
    "hi": "हिमनद अपने भार के नीचे धीरे-धीरे ढलान पर खिसकता है।",
    "ar": "يتحرك النهر الجليدي ببطء نحو أسفل المنحدر تحت ثقله.",
    "ja": "氷河は自らの重みでゆっくりと谷を下っていく。",
    "zh": "冰川在自身重量的作用下缓慢地向山下移动。",
    "ko": "빙하는 자체 무게 때문에 천천히 아래로 움직인다.",
    "th": "ธารน้ำแข็งเคลื่อนตัวลงเขาอย่างช้า ๆ ภายใต้น้ำหนักของมันเอง",
    "he": "הקרחון נע לאיטו במורד ההר תחת משקלו העצמי.",
    "ru": "Ледник медленно движется вниз под собственной тяжестью.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_language_is_recognised_from_a_sentence(language: str) -> None:
    assert recognise([TEXTS[language]]) == Recognised(language, 1, 1)


def test_of_several_languages_it_is_that_of_most_of_the_text_with_the_share_of_its_documents() -> None:
    found = recognise([TEXTS["de"]] * 3 + [TEXTS["en"]])
    assert found == Recognised("de", 3, 4)
    assert str(found) == "de, 75% of 4 documents"


@pytest.mark.parametrize("texts", [["GPT-4"], ["12 345", ""], ["vitamin C", "R"]])
def test_a_word_or_two_decide_nothing(texts: list[str]) -> None:
    found = recognise(texts)
    assert found.language == "en"
    assert "too little text" in str(found)


def test_decomposed_text_is_recognised_like_composed(capsys: pytest.CaptureFixture[str]) -> None:
    assert recognise(["La pluie d'e\u0301te\u0301 est tombe\u0301e sur la vallée pendant la nuit"]).language == "fr"


def test_a_corpus_is_looked_at_once_and_only_where_no_language_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    corpus = MemoryCorpus(Document(str(n), f"{TEXTS['pt']} {n}") for n in range(3))
    assert language_of(corpus, "pt-BR") == "pt"
    assert not capsys.readouterr().err
    assert [language_of(corpus, "auto") for _ in range(2)] == ["pt", "pt"]
    assert capsys.readouterr().err == "language: pt, 100% of 3 documents\n"


@pytest.mark.parametrize(("written", "code"), [("pt", "pt"), ("pt-BR", "pt"), ("zh_Hant", "zh"), ("DE", "de")])
def test_a_language_may_come_with_a_region_or_a_script(written: str, code: str) -> None:
    assert known_language(written) == code


@pytest.mark.parametrize("written", ["english", "xx", "auto", ""])
def test_what_is_no_language_is_refused(written: str) -> None:
    with pytest.raises(OptionError, match="unknown language"):
        known_language(written)

from __future__ import annotations

import pytest

from inpars.errors import OptionError
from inpars.retrieve.analysis import LANGUAGES, analyzer
from inpars.retrieve.bm25 import BM25


def test_english_is_lower_cased_stemmed_and_freed_of_stop_words() -> None:
    assert analyzer("en")("The Wings were lifting, and a cone fell!") == ["wing", "were", "lift", "cone", "fell"]


def test_words_of_one_letter_are_no_terms() -> None:
    assert analyzer("en")("x y 42 7 ab") == ["42", "ab"]


@pytest.mark.parametrize(
    ("language", "query", "document", "other"),
    [
        ("de", "Welche Universität", "Die Universitäten des Landes", "Der Fluss und die Brücken"),
        ("pt", "qual universidade", "As universidades do Brasil", "O rio e as pontes"),
        ("fr", "quelle nation", "les nations du monde", "la rivière et le pont"),
        ("ru", "какая книга", "старые книги города", "река и мост"),
        ("ja", "日本の首都", "8世紀に日本の首都であった奈良", "川に架かる橋"),
        ("zh", "中国首都", "北京是中国的首都", "河上的桥"),
        ("ko", "한국의 수도", "서울은 한국의 수도이다", "강과 다리"),
    ],
)
def test_another_form_of_a_word_is_found_in_its_language(language: str, query: str, document: str, other: str) -> None:
    index = BM25([("other", other), ("right", document)], language=language)
    assert list(index.search(query, 1)) == ["right"]


def test_german_stop_words_carry_no_weight() -> None:
    index = BM25([("a", "der die das und"), ("b", "Brücke und Fluss")], language="de")
    assert list(index.search("die und der Brücke", 5)) == ["b"]


def test_japanese_becomes_overlapping_pairs_that_end_at_punctuation() -> None:
    assert analyzer("ja")("日本語、川") == ["日本", "本語", "川"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_listed_language_has_an_analyzer(language: str) -> None:
    assert analyzer(language)("test2024")


def test_an_unknown_language_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(OptionError) as error:
        analyzer("english")
    assert all(language in error.value.hint for language in LANGUAGES)

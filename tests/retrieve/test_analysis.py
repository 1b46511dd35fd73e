from __future__ import annotations

import pytest
import Stemmer

from inpars.data.languages import LANGUAGES
from inpars.errors import OptionError
from inpars.retrieve.analysis import STEMMERS, analyzer
from inpars.retrieve.bm25 import BM25


def test_english_is_lower_cased_stemmed_and_freed_of_stop_words() -> None:
    assert analyzer("en")("The Wings were lifting, and a cone fell!") == ["wing", "were", "lift", "cone", "fell"]


def test_words_of_one_character_are_terms_but_for_the_english_pronoun() -> None:
    assert analyzer("en")("how do I use vitamin C, R and GPT-4?") == [
        "how",
        "do",
        "use",
        "vitamin",
        "c",
        "r",
        "gpt",
        "4",
    ]


@pytest.mark.parametrize(
    ("language", "query", "document", "other"),
    [
        ("de", "Welche Universität", "Die Universitäten des Landes", "Der Fluss und die Brücken"),
        ("pt", "qual universidade", "As universidades do Brasil", "O rio e as pontes"),
        ("fr", "quelle nation", "les nations du monde", "la rivière et le pont"),
        ("fr", "eau", "la source de l’eau", "la rivière et le pont"),
        ("ca", "escola", "la porta de l'escola", "el riu i el pont"),
        ("ru", "какая книга", "старые книги города", "река и мост"),
        ("el", "ΑΘΗΝΑ", "Στην Αθήνα", "Το ποτάμι"),
        ("ru", "Москва столица", "Москва́ — столи́ца", "река и мост"),
        ("ur", "کتاب", "نئی كتاب", "دریا اور پل"),
        ("hi", "कलम", "नई क़लम", "नदी और पुल"),
        ("pl", "książki", "stara książka", "rzeka i most"),
        ("hi", "किताबें", "पुरानी किताब", "नदी और पुल"),
        ("fa", "كتاب", "کتاب‌های تازه", "رود و پل"),
        ("ar", "كتاب", "هذا كِتَـابٌ جديد", "نهر وجسر"),
        ("he", "שלום", "שָׁלוֹם עולם", "נהר וגשר"),
        ("tr", "istanbul", "İstanbul'da yağmur", "Nehir ve köprü"),
        ("tr", "ışık", "IŞIK festivali", "Nehir ve köprü"),
        ("az", "qış", "QIŞ gecəsi", "Çay və körpü"),
        ("vi", "hà nội", "Ha\u0300 No\u0323\u0302i la\u0300 thủ đô", "sông và cầu"),
        ("ja", "日本の首都", "8世紀に日本の首都であった奈良", "川に架かる橋"),
        ("ja", "AI", "ＡＩの研究", "川に架かる橋"),
        ("zh", "中国首都", "北京是中国的首都", "河上的桥"),
        ("ko", "한국의 수도", "서울은 한국의 수도이다", "강과 다리"),
        ("th", "ภาษาไทย", "เรียนภาษาไทย", "แม่น้ำและสะพาน"),
        ("en", "istanbul", "flights to İstanbul", "a river and a bridge"),
        ("en", "2024", "in the year ٢٠٢٤", "in another year"),
        ("en", "cooperation", "co\u00adoperation of states", "a river and a bridge"),
        ("en", "TNF", "the level of TNFα", "a river and a bridge"),
        ("en", "O'Brien", "a novel by O’Brien", "a river and a bridge"),
    ],
)
def test_another_form_of_a_word_is_found_in_its_language(language: str, query: str, document: str, other: str) -> None:
    index = BM25([("other", other), ("right", document)], language=language)
    assert list(index.search(query, 1)) == ["right"]


def test_german_stop_words_carry_no_weight() -> None:
    index = BM25([("a", "der die das und"), ("b", "Brücke und Fluss")], language="de")
    assert list(index.search("die und der Brücke", 5)) == ["b"]


def test_a_word_of_two_scripts_is_two_terms_in_an_index_as_in_a_query() -> None:
    index = BM25([("a", "TNFα rises"), ("b", "TNF falls"), ("c", "α decays")])
    assert set(index.search("TNFα", 5)) == {"a", "b", "c"}
    assert index.score_of("TNFα", "TNFα rises") == pytest.approx(index.search("TNFα", 1)["a"])


def test_numbers_of_several_terms_do_not_mix_with_those_of_one() -> None:
    texts = {"a": "βx y", "b": "x", "c": "β β", "d": "y xβ"}
    index = BM25(texts.items())
    assert {term: set(index.search(term, 9)) for term in ("β", "x", "y")} == {
        "β": {"a", "c", "d"},
        "x": {"a", "b", "d"},
        "y": {"a", "d"},
    }


def test_what_has_no_letter_or_digit_is_no_term() -> None:
    assert analyzer("en")("_ __ \u0301 \u200d – _a_") == ["_a_"]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_an_analyzer(language: str) -> None:
    assert analyzer(language)("test2024")


def test_every_stemmer_there_is_is_used() -> None:
    # Porter's are older ones for languages that have another.
    assert set(STEMMERS.values()) == set(Stemmer.algorithms()) - {"porter", "dutch_porter"}


def test_abbreviations_are_not_stemmed() -> None:
    assert analyzer("en")("the U.S. and 3.5 boats") == ["u.s", "3.5", "boat"]


def test_a_region_is_passed_over() -> None:
    assert analyzer("pt-BR")("universidades") == analyzer("pt")("universidades")


@pytest.mark.parametrize("language", ["english", "xx", "e", ""])
def test_what_is_no_language_is_an_error_that_says_what_to_give(language: str) -> None:
    with pytest.raises(OptionError) as error:
        analyzer(language)
    assert "ISO 639-1" in error.value.hint

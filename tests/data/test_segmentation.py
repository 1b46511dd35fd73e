from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpars.data.segmentation import segment

# What StandardTokenizer of Lucene 9.5 makes of each text, in lower case.
AS_LUCENE = {
    "Vitamin C, C++ and R; type 2, GPT-4, section 7": "vitamin c c and r type 2 gpt 4 section 7",
    "1,000 or 3.5, 192.168.0.1 and v1.2.3 at 12:30": "1,000 or 3.5 192.168.0.1 and v1.2.3 at 12 30",
    "It's O'Brien's, don't": "it's o'brien's don't",
    "l’eau aujourd’hui": "l’eau aujourd’hui",
    "U.S.A. and e.g. i.e.": "u.s.a and e.g i.e",
    "snake_case __init__ 3.5kg x.5": "snake_case __init__ 3.5kg x 5",
    "Straße, naïve, Ærø": "straße naïve ærø",
    "Москва и Кремль": "москва и кремль",
    "Ελλάδα, Αθήνα": "ελλάδα αθήνα",
    "पुस्तकें और हिन्दी": "पुस्तकें और हिन्दी",
    "বাংলা ভাষা": "বাংলা ভাষা",
    "தமிழ் மொழி": "தமிழ் மொழி",
    'צה"ל ואת ישראל': 'צה"ל ואת ישראל',
    "كِتَابٌ جديد": "كِتَابٌ جديد",
    "Tiếng Việt": "tiếng việt",
    "ქართული ენა": "ქართული ენა",
    "አማርኛ": "አማርኛ",
    "100% of 5€ & more": "100 of 5 more",
}

# What it makes of others, and what we do.
NOT_AS_LUCENE = {
    "os.path.join": (["os.path.join"], ["os", "path", "join"]),
    "the end.Next": (["the", "end.next"], ["the", "end", "next"]),
    "title:word": (["title:word"], ["title", "word"]),
    "日本語の本": (["日", "本", "語", "の", "本"], ["日本", "本語", "語の", "の本"]),
    "カタカナ": (["カタカナ"], ["カタ", "タカ", "カナ"]),
    "한국어": (["한국어"], ["한국", "국어"]),
    "ภาษาไทย": (["ภาษาไทย"], ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
    "Java™ 10² ½": (["java", "™", "10"], ["java", "10", "2", "1", "2"]),
    "😀 ok": (["😀", "ok"], ["ok"]),
    "ｆｕｌｌ ﬁne": (["ｆｕｌｌ", "ﬁne"], ["full", "fine"]),
    "x" * 300: (["x" * 255, "x" * 45], ["x" * 300]),
}


@pytest.mark.parametrize("text", AS_LUCENE)
def test_words_are_those_of_lucenes_standard_tokenizer(text: str) -> None:
    assert segment(text) == AS_LUCENE[text].split()


@pytest.mark.parametrize("text", NOT_AS_LUCENE)
def test_deviations_from_the_standard_tokenizer_are_these(text: str) -> None:
    lucene, ours = NOT_AS_LUCENE[text]
    assert segment(text) == ours != lucene


@pytest.mark.parametrize("form", ["NFD", "NFKC", "NFKD"])
def test_words_are_the_same_however_their_characters_are_composed(form: str) -> None:
    text = "Résumé des élèves, Müller, ｺﾝﾋﾟｭｰﾀｰ ガラス हिन्दी Việt"
    assert segment(unicodedata.normalize(form, text)) == segment(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iPhone手机5G网络", ["iphone", "手机", "5g", "网络"]),
        ("Pythonで2024年に", ["python", "で", "2024", "年に"]),
        ("한국LG전자", ["한국", "lg", "전자"]),
        ("ภาษา2024Python", ["ภา", "าษ", "ษา", "2024python"]),
    ],
)
def test_pairs_are_made_within_scripts_without_blanks_alone(text: str, words: list[str]) -> None:
    assert segment(text) == words


def test_marks_stay_with_their_character_in_pairs() -> None:
    assert segment("ที่นี่") == ["ที่นี่"]
    assert segment("မြန်မာစာ") == ["မြန်", "န်မာ", "မာစာ"]


@given(st.text())
def test_words_hold_no_blanks_and_stand_in_the_text_in_their_order(text: str) -> None:
    words = segment(text)
    assert all(word and not any(map(str.isspace, word)) for word in words)
    assert segment(" ".join(text.split())) == words


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_is_cut_as_if_it_stood_among_other_text(text: str) -> None:
    assert [*segment(text), "ж"] == segment(f"{text} ж")

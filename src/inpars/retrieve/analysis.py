"""Text analysis for lexical search: from a text to the index terms of its language.

The words are those of `inpars.data.segmentation`, whatever the language. The language says how upper case becomes
lower, which words are stop words, and which Snowball stemmer cuts their endings, where there is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial

from inpars.data.languages import known_language
from inpars.data.segmentation import segment

VERSION = 2
"""Raised where the same text comes to other terms, so that no index is searched with terms of another kind."""

# By ISO 639-1 code, the Snowball stemmer. Several of them also cut what is elided before an apostrophe (French
# l'eau), what follows it (Turkish İstanbul'da), and the accents and forms of letters that writers leave out.
STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
# Snowball's Catalan stemmer leaves these.
_ELIDED = {"ca": re.compile(r"\A[dlmnst]'")}
# Vowel signs of Arabic and Hebrew and the dot below of Devanagari, which most writers leave out, the stroke that
# lengthens an Arabic word, and what has no form of its own: soft hyphens, joiners, variation selectors.
_UNWRITTEN = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4"
    "\u06e7\u06e8\u06ea-\u06ed\u093c\u00ad\u061c\u180b-\u180e\u200d-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
_NON_JOINER = "\u200c"
_APOSTROPHES = str.maketrans("’ʼ״", "''\"")
_LATIN = "a-z\u00df-\u00f6\u00f8-\u02af\u1d00-\u1dbf\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua788\ua78b-\ua7ff\uab30-\uab69"
# Words of one script, in letters that all writers write alike.
_PLAIN = re.compile(rf"[{_LATIN}0-9.,;'][{_LATIN}0-9_.,;']*|[\u0430-\u045f]+|[\u3041-\u9fff]+|[\uac00-\ud7a3]+")
# Where the stress is, as dictionaries and encyclopedias have it.
_STRESS = re.compile("(?<=[\u0400-\u04ff])[\u0300\u0301]")
# Persian, Urdu and others have forms of their own of two Arabic letters, which keyboards mix up.
_NOT_ARABIC = str.maketrans("كيى", "کیی")
_STRAY_MARKS = re.compile(r"\A\W+")
_OF_ONE_SCRIPT = re.compile(rf"[\W\d_]*[{_LATIN}](?:[\W\d_]|[{_LATIN}])*|[^{_LATIN}]+")


@dataclass(frozen=True)
class Analyzer:
    """How one language becomes index terms.

    `split` takes a text to its words, `terms` a word to its index terms: none for a stop word, one for nearly
    every other, several for a word of several scripts.
    """

    split: Callable[[str], list[str]]
    terms: Callable[[str], tuple[str, ...]]

    def __call__(self, text: str) -> list[str]:
        """The index terms of `text`, in order."""
        return [term for word in self.split(text) for term in self._remembered(word)]

    @cached_property
    def _remembered(self) -> Callable[[str], tuple[str, ...]]:
        return lru_cache(maxsize=1 << 16)(self.terms)


@cache
def analyzer(language: str) -> Analyzer:
    """The analyzer for an ISO 639-1 code: Snowball stems and a stop list where the language has them.

    `OptionError` for what is not a language.
    """
    language = known_language(language)
    stop_words: set[str] = set()
    stem: Callable[[str], str] = str
    if language in STEMMERS:
        import Stemmer
        from bm25s import stopwords

        # Without the library's own cache of stems, which costs more than stemming does once it is full.
        stem = Stemmer.Stemmer(STEMMERS[language], 0).stemWord
        stop_words |= set(getattr(stopwords, f"STOPWORDS_{STEMMERS[language].upper()}", ()))
    if language == "en":
        # Lucene's list lacks the word that people's questions have most: "how can I …".
        stop_words |= {*stopwords.STOPWORDS_EN, "i"}
    lower = _turkish_lower if language in ("az", "tr") else str.lower
    # Persian's stemmer cuts endings where a word shows its seams.
    unwritten = re.compile(f"[{_UNWRITTEN}{'' if language == 'fa' else _NON_JOINER}]")

    elided = _ELIDED.get(language)

    def terms(word: str) -> tuple[str, ...]:
        if not elided and (word.strip("_") if word.isascii() else _PLAIN.fullmatch(word)):
            # Nothing to fold, as in nearly all words.
            return () if word in stop_words else (word if "." in word else stem(word),)
        parts = _folded(word, unwritten)
        if language != "ar":
            parts = [part if part.isascii() else part.translate(_NOT_ARABIC) for part in parts]
        if elided:
            parts = [elided.sub("", part) for part in parts]
        # The letters of an abbreviation are no endings: U.S. stays what it is.
        return tuple(part if "." in part else stem(part) for part in parts if part not in stop_words)

    return Analyzer(partial(segment, lower=lower), terms)


def _turkish_lower(text: str) -> str:
    return text.replace("İ", "i").replace("I", "ı").lower()


def _folded(word: str, unwritten: re.Pattern[str]) -> list[str]:
    """A word as all writers write it, cut where the script changes between Latin and another."""
    word = unwritten.sub("", word.translate(_APOSTROPHES)).replace("i̇", "i")
    word = _STRAY_MARKS.sub("", _STRESS.sub("", word))
    word = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in word)
    return [part for part in _OF_ONE_SCRIPT.findall(word) if any(map(str.isalnum, part))]

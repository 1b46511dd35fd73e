"""Text analysis for lexical search: words, stop words and stems of a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from inpars.errors import unknown_name

# ISO 639-1 code -> (Snowball stemmer, name of the stop list in bm25s or "")
_SNOWBALL = {
    "ar": ("arabic", ""),
    "da": ("danish", "DANISH"),
    "de": ("german", "GERMAN"),
    "el": ("greek", ""),
    "en": ("english", "EN"),
    "es": ("spanish", "SPANISH"),
    "fi": ("finnish", ""),
    "fr": ("french", "FRENCH"),
    "hu": ("hungarian", ""),
    "it": ("italian", "ITALIAN"),
    "nl": ("dutch", "DUTCH"),
    "no": ("norwegian", "NORWEGIAN"),
    "pt": ("portuguese", "PORTUGUESE"),
    "ro": ("romanian", ""),
    "ru": ("russian", "RUSSIAN"),
    "sv": ("swedish", "SWEDISH"),
    "tr": ("turkish", "TURKISH"),
}
# Written without blanks between words: overlapping pairs of characters stand in for words.
_BIGRAMS = ("ja", "ko", "th", "zh")

LANGUAGES = (*sorted(_SNOWBALL), *_BIGRAMS)

_WORD = re.compile(r"\b\w\w+\b")
_RUN = re.compile(r"\w+")


@dataclass(frozen=True)
class Analyzer:
    """How one language becomes index terms. `stem` takes and gives a list of words."""

    split: Callable[[str], list[str]]
    stop_words: frozenset[str]
    stem: Callable[[list[str]], list[str]]

    def __call__(self, text: str) -> list[str]:
        """The index terms of `text`, in order."""
        return self.stem([word for word in self.split(text.lower()) if word not in self.stop_words])


@cache
def analyzer(language: str) -> Analyzer:
    """The analyzer for an ISO 639-1 code: Snowball stems and a stop list, or character bigrams.

    English has Lucene's list of 33 stop words. `OptionError` for a language without an analyzer.
    """
    if language in _BIGRAMS:
        return Analyzer(_character_bigrams, frozenset(), lambda words: words)
    if language not in _SNOWBALL:
        raise unknown_name("language", language, LANGUAGES)
    import Stemmer
    from bm25s import stopwords

    stemmer, stop_list = _SNOWBALL[language]
    words: Any = getattr(stopwords, f"STOPWORDS_{stop_list}") if stop_list else ()
    # Without the library's own cache of stems, which costs more than stemming does once it is full.
    return Analyzer(_WORD.findall, frozenset(words), Stemmer.Stemmer(stemmer, 0).stemWords)


def _character_bigrams(text: str) -> list[str]:
    return list(_bigrams(text))


def _bigrams(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        yield from (run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else (run,)

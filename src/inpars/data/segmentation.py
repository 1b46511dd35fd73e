"""Words of a text in any script, by Unicode's word boundaries (UAX #29) as Lucene's StandardTokenizer has them.

A word is letters, digits and underscores with the marks on them. A point or comma between digits belongs to the
number, an apostrophe or a middle dot between letters to the word. What differs from StandardTokenizer:

- Text is lower-cased and normalised (NFKC) first. ™ and ℠ end a word, and so does a superscript, a fraction or a
  circled number, which is a word of its own: `10²` is not 102.
- Chinese, Japanese and Korean become overlapping pairs of characters, as Lucene's CJKBigramFilter makes them, and
  so do the scripts of South-East Asia that are written without blanks. A character alone stands alone.
- A point or a colon between words separates them: `os.path` is two words, and so is `end.Next`. Between single
  letters a point does not: `U.S.` and `e.g.` are one word each.
- Emoji are not words, and a word may be longer than 255 characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from operator import add

_HAN_AND_KANA = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b167\U00020000-\U0003fffd"
)
_HANGUL = "\u1100-\u11ff\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"
_CJK = _HAN_AND_KANA + _HANGUL
# Thai, Lao, Burmese and Khmer; their digits are numbers.
_SOUTH_EAST_ASIANS = (
    "\u0e01-\u0e4e",
    "\u0e81-\u0ece\u0edc-\u0edf",
    "\u1000-\u103f\u104c-\u108f\u109a-\u109f",
    "\u1780-\u17dd",
)
_SOUTH_EAST_ASIAN = "".join(_SOUTH_EAST_ASIANS)
# Without the scripts of history and the symbols: a set of many ranges beyond the first 65,536 characters is slow.
_ASTRAL = "\U00010400-\U000104ff\U00010d00-\U00010d3f\U00011000-\U00011fff\U0001e100-\U0001e95f"

_ASCII_WORD = re.compile(
    r"\w+(?:[.,;'](?:(?<=\d.)(?=\d)|(?<=[a-z]')(?=[a-z])|(?<=\b[a-z]\.)(?=[a-z]\b))\w+)*", re.ASCII
)
# All that is cut into pairs lies here, and little else.
_RARE = re.compile("[^\0-\u0dff\u1e00-\u2bff]")
_PAIRED = re.compile(f"[{_CJK}{_SOUTH_EAST_ASIAN}]")
UNSPACED = f"{_HAN_AND_KANA}{_SOUTH_EAST_ASIAN}"
"""Characters of scripts that are written without blanks between words, as the inside of a set in a pattern."""
_UNSPACED = re.compile(f"[{UNSPACED}]")


def is_unspaced(text: str) -> bool:
    """Whether some of `text` is in a script without blanks between words."""
    return not text.isascii() and _RARE.search(text) is not None and _UNSPACED.search(text) is not None


@cache
def marks() -> str:
    """The marks and invisible characters that belong to the one before them, as the inside of a set in a pattern."""
    return _of("Mn", "Mc", "Me", "Cf")


def segment(text: str, lower: Callable[[str], str] = str.lower) -> list[str]:
    """The words of `text` in their order, normalised and in lower case, pairs of characters where there are no blanks.

    Words may hold marks and invisible characters, which an analyzer folds; `lower` is the language's lower case.
    """
    if text.isascii():
        return _ASCII_WORD.findall(lower(text))
    word, word_or_run, apart = _patterns()
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", apart.sub(r" \g<0> ", text.replace("™", " ").replace("℠", " ")))
    text = lower(text)
    if not _RARE.search(text):
        return word.findall(text)
    words: list[str] = []
    for found in word_or_run.findall(text):
        if not _PAIRED.match(found):
            words.append(found)
        else:
            words += pairs(found)
    return words


def pairs(run: str) -> list[str]:
    """The overlapping pairs of characters of `run`, each with the marks on it; a single one alone."""
    characters = _SYLLABLE.findall(run) if _SYLLABLE.match(run) else run
    return list(map(add, characters, characters[1:])) or [run]


# In Thai and Lao a vowel that is written before its consonant is a letter by itself.
_ABOVE_OR_BELOW = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u17dd"
)
_SYLLABLE = re.compile(f"[{_SOUTH_EAST_ASIAN}][{_ABOVE_OR_BELOW}]*")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Outside ASCII: a word; a word or a run of characters without blanks; a number that is a word of its own."""
    inside = _ranges(re.finditer(r"\w+", _characters())) + marks() + _ASTRAL
    hebrew, joints = "\u05d0-\u05ea", "'’·״"
    joint = "|".join(
        (
            rf"(?<=[^\W\d_][{joints}])(?=[^\W\d_])",
            r"(?<=\d[.,;'’])(?=\d)",
            r"(?<=(?<!\w)[^\W\d_]\.)(?=[^\W\d_](?!\w))",
            rf'(?<=[{hebrew}]")(?=[{hebrew}])',
        )
    )
    word = rf'[{inside}]+(?:[.,;"{joints}](?:{joint})[{inside}]+)*'
    runs = "|".join(f"[{script}]+" for script in (_CJK, *_SOUTH_EAST_ASIANS))
    # Subscripts belong to what they stand at: CO₂.
    number = rf"(?:(?![\u2080-\u2089])[{_of('No')}])+"
    return re.compile(word), re.compile(f"{runs}|{word}"), re.compile(number)


@cache
def _characters() -> str:
    """The first 65,536 characters in their order, but for those cut into pairs and the space without width."""
    return _PAIRED.sub("\0", "".join(map(chr, range(0x10000)))).replace("\u200b", "\0")


def _of(*categories: str) -> str:
    """Those of Unicode's categories, as the inside of a set in a pattern."""
    found = "".join(["x" if kind in categories else " " for kind in map(unicodedata.category, _characters())])
    return _ranges(re.finditer("x+", found))


def _ranges(runs: Iterable[re.Match[str]]) -> str:
    """Runs of neighbouring characters, by their places among all of them, as the inside of a set in a pattern."""
    return "".join(f"{chr(run.start())}-{chr(run.end() - 1)}" for run in runs)

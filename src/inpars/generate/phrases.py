"""Phrases of texts in scripts without blanks, for queries that a person might type."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from inpars.data.segmentation import UNSPACED, is_unspaced

_KANA = re.compile("[\u3041-\u30ff\uff66-\uff9f]")
_THAI = re.compile("[\u0e01-\u0e4e]")
# Characters that are common in one of China's two ways of writing and are not those of the other.
_TRADITIONAL = re.compile("[這個們來國說時會對過還沒開關東車長門問間見學實現應經發點]")
_RUN = re.compile(rf"[{UNSPACED}]+|[^{UNSPACED}]+")


def phrases(text: str) -> list[str]:
    """`text` cut at the ends of its phrases where it is written without blanks; joined they are the text.

    Japanese, Chinese and Thai are cut by BudouX's models of where lines break; what is written with blanks stays in
    one piece between two that are not, and so do other scripts.
    """
    if not is_unspaced(text):
        return [text]
    parse = _parser(_language(text))
    return [phrase for run in _RUN.findall(text) for phrase in (parse(run) if is_unspaced(run) else (run,))]


def _language(text: str) -> str:
    if _KANA.search(text):
        return "ja"
    if _THAI.search(text):
        return "th"
    return "zh-hant" if _TRADITIONAL.search(text) else "zh-hans"


@cache
def _parser(language: str) -> Callable[[str], list[str]]:
    import budoux

    load = {
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
    }
    parse: Callable[[str], list[str]] = load[language]().parse
    return parse

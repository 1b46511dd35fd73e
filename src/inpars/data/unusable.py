"""Answers that are no queries: the prompt comes back, the same words go on and on, or the end is missing.

Small models give many of them, and every stage that spends something on queries can ask here. The checks read words
of any script, need no model, and are made to keep what people type: two words, an address, a name said twice.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, Literal

from inpars.data.segmentation import is_unspaced, segment

Fault = Literal["echo", "loop", "unfinished"]
"""What can be wrong with an answer, named as the filter that drops it."""

# Names such as `to_bytes_to_bytes` and a.b.c are read word by word, and so is 1.1.1.1.
_JOINED = re.compile(r"_+|(?<=\w)[.,](?=\w)")
_ENDS = re.compile(r"[.?!…。？！।؟۔；;)\]}»”\"'’」』]\s*\Z")
# What no query ends in: a comma or an opening bracket, a colon after a word, a dash after a blank, an article.
_DANGLES = re.compile(r"(?:[,،、，(\[{«“„「『]|\w\w\s?[:：]|\s[-–—&+]|\b(?:the|an))\s*\Z", re.IGNORECASE)
# Words of four letters and more that say nothing about what a query is about.
_FUNCTION_WORDS = """
about also been being between both come comes could difference different does done each from give given have
having here into just know less like made make many mean means more most much must need only other over same
should some such take than that their them then there these they this those through used uses using very want
were what when where which while whom whose will with within without would your
"""
# Queries of fewer words are an echo only with all of their words: "how large is the …" is anybody's.
_SHORT = 8
_NGRAM = 3
_HOLE = "{document}"
# Characters of a document by which it is found in its prompt.
_SEARCHED = 40


def loops(text: str, *, repeated: int = 8, share: float = 0.5) -> bool:
    """Whether `text` says the same over and over.

    That is: `repeated` words in a row, or more, say again what stood just before, at least once in full; or of the
    runs of three words in a text of 20 words or more, a larger share than `share` stood there before.
    """
    words = segment(_JOINED.sub(" ", text))
    # As many words have to be there before.
    if len(words) - len(set(words)) < repeated:
        return False
    for period in range(1, len(words) // 2 + 1):
        run = 0
        for place in range(period, len(words)):
            run = run + 1 if words[place] == words[place - period] else 0
            if run >= max(repeated, period):
                return True
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return len(words) >= 20 and len(set(triples)) < (1 - share) * len(triples)


def is_unfinished(text: str, *, cut_off: bool) -> bool:
    """Whether the end of `text` is missing; `cut_off` says that the limit of tokens ended it.

    What was cut off is whole only where it ends in a sentence's end; anything else is unfinished where it ends in
    what nothing ends in: a comma, an opening bracket, an article.
    """
    return bool(_DANGLES.search(text)) or (cut_off and not _ENDS.search(text))


def without_document(prompt: str, document: str) -> str:
    """`prompt` with `{document}` where `document` stood, on one line and perhaps cut; as is where it is not found.

    What is left is the same for all the documents of a generation.
    """
    line = " ".join(document.split())
    best, length = -1, 0
    place = prompt.find(line[:_SEARCHED]) if line else -1
    while place >= 0:
        # The longest match, and the last of equal ones: an example may begin with the same words.
        if (found := _common(prompt, place, line)) >= length:
            best, length = place, found
        place = prompt.find(line[:_SEARCHED], place + 1)
    return prompt if best < 0 else f"{prompt[:best]}{_HOLE}{prompt[best + length :]}"


def _common(text: str, place: int, line: str) -> int:
    """How many characters of `line` stand in `text` from `place` on."""
    least, most = 0, len(line)
    while least < most:
        middle = (least + most + 1) // 2
        if text.startswith(line[:middle], place):
            least = middle
        else:
            most = middle - 1
    return least


def echoes(text: str, prompt: str, document: str, *, share: float = 0.5) -> bool:
    """Whether `text` repeats its prompt: the instruction, or an example's query or document, exactly or nearly so.

    `prompt` comes `without_document`. Two things make an echo. More than `share` of the runs of three words stand in
    the prompt, as do as many of the words with a meaning; or that share of the words with a meaning, three at least,
    stand in the instruction: the text is about the task. What the document has too never counts, and of a short query
    all has to be the prompt's.
    """
    words = segment(text)
    ours = set(segment(document))
    meaning = {word for word in words if _has_meaning(word)}
    foreign = meaning - ours
    if len(words) < _NGRAM or (meaning and not foreign):
        return False
    frame, instruction, runs = _read_prompt(prompt)
    least = share if len(words) >= _SHORT else 1.0
    if _reaches(foreign & instruction, meaning, least, at_least=3):
        return True
    own = set(zip(words, words[1:], words[2:], strict=False))
    return _reaches(own & runs, own, least) and (not meaning or _reaches(foreign & frame, meaning, least))


def fault_of(text: str, prompt: str, document: str, *, cut_off: bool) -> Fault | None:
    """The first of the three that is wrong with `text`; None where nothing is. `prompt` comes `without_document`."""
    if echoes(text, prompt, document):
        return "echo"
    if loops(text):
        return "loop"
    return "unfinished" if is_unfinished(text, cut_off=cut_off) else None


def _reaches(some: set[Any], all_of_them: set[Any], share: float, *, at_least: int = 1) -> bool:
    return len(some) >= max(at_least, share * len(all_of_them))


def _has_meaning(word: str) -> bool:
    # Pairs of characters stand in for words where there are no blanks.
    return (len(word) > 3 and word not in _function_words()) or is_unspaced(word)


@cache
def _function_words() -> frozenset[str]:
    return frozenset(_FUNCTION_WORDS.split())


@lru_cache(maxsize=16)
def _read_prompt(prompt: str) -> tuple[frozenset[str], frozenset[str], frozenset[tuple[str, ...]]]:
    """The words of a prompt, those of its instruction, and its runs of three words.

    The instruction is what comes after the document, and a chat's system turn.
    """
    words = segment(prompt)
    system = prompt.partition("\n\n")[0] if prompt.startswith("system: ") else ""
    hole = prompt.rpartition(_HOLE)
    instruction = segment(f"{system}\n{hole[2] if hole[1] else ''}")
    return frozenset(words), frozenset(instruction), frozenset(zip(words, words[1:], words[2:], strict=False))

"""What a reasoning model thinks aloud around its answer, where neither its server nor its tokenizer has cut it out."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_MARK = 24
"""Tokens at the end of a prompt in which a mark that opens thoughts stands whole."""

# What opens thoughts, and what closes them. DeepSeek-R1, Qwen3 and most others write <think>, Magistral [THINK],
# Seed-OSS <seed:think>, Kimi ◁think▷, Command A <|START_THINKING|>, Gemma 4 <|channel>thought, MedGemma <unused94>,
# Apertus <|inner_prefix|>, Sky-T1 <|begin_of_thought|>; Open WebUI puts them into <details>.
_NAMES = r"(?:seed:)?think(?:ing)?|thoughts?|reasoning|analysis|scratchpad|antThinking"
_OPENS = (
    rf"<(?:{_NAMES})>|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|channel>thought\b|<unused94>(?:thought)?|"
    r"<\|inner_prefix\|>|<\|begin_of_thought\|>|<details type=\"reasoning\"[^>]*>"
)
_CLOSES = (
    rf"</(?:{_NAMES})>|<think/>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<channel\|>|<unused95>|"
    r"<\|inner_suffix\|>|<\|end_of_thought\|>"
)
_FLAGS = re.DOTALL | re.IGNORECASE
# A line alone that begins with a mark and has no other is a query about that mark, unless it is a sentence.
_ABOUT_MARK = re.compile(rf"(?:{_OPENS}|{_CLOSES})[ ](?:(?!{_OPENS}|{_CLOSES})[^\n.!])+\Z", _FLAGS)
# The mark that opens may stand in the prompt, where the model's template ends in it.
# Thoughts that nothing closes begin on a line of their own: a query may speak of a tag.
_THOUGHTS = re.compile(
    rf"\A(?:(?!{_OPENS}).)*?(?:{_CLOSES})|(?:{_OPENS}).*?(?:{_CLOSES}|(?<=\n)</details>)|{_CLOSES}"
    rf"|(?:\A|(?<=\n))[ \t]*(?:{_OPENS}).*\Z",
    _FLAGS,
)
_OPENED = re.compile(rf"(?:{_OPENS})\s*\Z", _FLAGS)
_CLOSED = re.compile(rf"(?:{_CLOSES}|</details>)\Z", _FLAGS)
_MARK = re.compile(rf"{_OPENS}|{_CLOSES}|</?details[^>]*>", _FLAGS)

# The channels of OpenAI's harmony format, gpt-oss', and what a tokenizer leaves of them that drops special tokens.
_CHANNEL = re.compile(r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>")
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
_AFTER_FINAL = re.compile(r"<\|(?:end|return|start|call)\|>|\Z")
_BARE_CHANNEL = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?=[A-Z])")
_BARE_FINAL = "assistantfinal"

# Without any tag: Granite's, and Ollama's.
_PROCESS = re.compile(r"\s*(?:Here(?:'s| is) my thought process:|Thinking\.\.\.[ \t]*\n)", re.IGNORECASE)
_RESPONSE = re.compile(r"Here(?:'s| is) my response:|\.\.\.done thinking\.", re.IGNORECASE)

# How thoughts begin that nothing marks. This is no more than likely, so it counts only where an answer was cut off.
_ALOUD = re.compile(
    r"""\s*(?:
        (?:(?:okay|ok|alright|all\ right|hmm+|so|well|first)[,.…]+\s+)+(?:so,?\s+)?(?:the|let|I|we|looking|this|here)\b
    |   the\ user\ (?:wants|asks|is|has|gave|needs)\b
    |   let\ me\ (?:think|see|analy[sz]e)\b
    |   we\ need\ to\ (?:write|produce|generate|create|craft)\b|we\ (?:are|have\ been)\ (?:given|asked)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


class Spoken(NamedTuple):
    """Where the answer stands in a text, `text[start:end]`, and what was thought around it."""

    start: int
    end: int
    thoughts: str


def opens_thoughts(prompt: str) -> bool:
    """Whether a prompt ends in the mark that opens thoughts, as some chat templates end."""
    return bool(_OPENED.search(prompt))


def after_thoughts(text: str, *, opened: bool = False, cut_off: bool = False) -> Spoken | None:
    """The answer in `text`, which may be blank; None where the text ends inside the thoughts.

    `opened` says that the prompt ended in the mark that opens them, `cut_off` that the model was not done: then a
    beginning that sounds like thoughts is taken for them.
    """
    if "<|channel|>" in text:
        return _of_channels(text)
    if _BARE_CHANNEL.match(text):
        place = text.rfind(_BARE_FINAL)
        return None if place < 0 else Spoken(place + len(_BARE_FINAL), len(text), text[:place].strip())
    if _PROCESS.match(text):
        found = _RESPONSE.search(text)
        return Spoken(found.end(), len(text), text[: found.start()].strip()) if found else None
    blocks = [] if _ABOUT_MARK.match(text) and not (opened or cut_off) else list(_THOUGHTS.finditer(text))
    if not blocks:
        return None if opened or (cut_off and _ALOUD.match(text)) else Spoken(0, len(text), "")
    thoughts = "\n".join(filter(None, (_MARK.sub("", block[0]).strip() for block in blocks)))
    edges = [0, *(edge for block in blocks for edge in block.span()), len(text)]
    # What is said last counts, and of several thoughts the answer is what stands after the last, if anything does.
    around = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if text[start:end].strip()]
    if around:
        return Spoken(*around[-1], thoughts)
    unfinished = not _CLOSED.search(blocks[-1][0])
    return None if unfinished else Spoken(len(text), len(text), thoughts)


def _of_channels(text: str) -> Spoken | None:
    first = _CHANNEL.search(text)
    finals = list(_FINAL.finditer(text))
    if finals:
        start = finals[-1].end()
        end = _AFTER_FINAL.search(text, start)
        thoughts = re.sub(r"<\|(?:channel|start)\|>[^<]*(?:<\|message\|>)?|<\|\w+\|>", " ", text[: finals[-1].start()])
        return Spoken(start, end.start() if end else len(text), thoughts.strip())
    before = text[: first.start()] if first else text
    return Spoken(0, len(before), "") if before.strip() else None

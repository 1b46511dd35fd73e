"""Answers in which a model says that it will not answer, or that it has nothing to answer about."""

from __future__ import annotations

import re

# An apology is one only together with what it is for, and "I can't" with what is asked of the model: people
# search for "sorry" and for "I can't help falling in love" as well.
_REFUSAL = re.compile(
    r"""[\s"'*_`“]*(?:
    (?:(?:I'?m|I\ am)\ (?:\w+\ )?sorry|sorry|my\ apologies|I\ apologi[sz]e|apologies|unfortunately)
        (?:
            [^.\n]{0,60}?\b(?:I|we)(?:'m|\ am)?
            \ (?:can'?t|can\ ?not|could(?:n't|\ not)|won't|will\ not|(?:un|not\ )able\ to)
            \ (?:assist|help|provide|fulfil+|comply|generate|create|write|answer|complete|process|produce|continue|
                engage|respond|support|access|read|discuss|do\ (?:that|this))\b
        |   [,.]?\ (?:but\ )?(?:there\ is\ no|you\ have(?:n't|\ not)|I\ (?:do\ not|don't)\ (?:see|have)|
                the\ (?:document|text|passage)\b)
        )
    |   I(?:'m|\ am)?\ (?:
            (?:can'?t|can\ ?not|won't|will\ not|(?:un|not\ )able\ to)(?:\ be\ able\ to)?
            \ (?:assist|help|provide|fulfil+|comply|generate|create|write|answer|complete|process|produce|do)
        |   not\ comfortable\ (?:with\ )?\w+ing)\b
        (?:[^.!\n]*[.!] | [^.!\n]*\b(?:(?:that|this|it)\Z|requests?\b|quer(?:y|ies)\b|questions\b))
    |   as\ an?\ (?:(?:AI|artificial\ intelligence)(?:\ (?:language\ )?model|\ assistant|\ system|\ chatbot)?|
            (?:large\ )?language\ model|LLM)(?:[,.]|\ (?:developed|created|trained|designed|I)\b)
    |   I(?:'m|\ am)\ (?:just\ |only\ )?an?\ (?:AI|(?:large\ )?language\ model)\b
    |   I\ must\ (?:\w+ly\ )?decline|I\ (?:don't|do\ not)\ feel\ comfortable
    |   (?:I(?:'d|\ would|'ll)\ be\ (?:happy|glad)\ to\ \w+[^\n]{0,40}[.!]\ +)?
        (?:(?:could|can)\ you\ )?(?:please\ )?(?:provide|share|paste)(?:\ me)?(?:\ with)?
        \ (?:the|a|your)\ (?:document|text|passage)\b
    |   (?:it\ (?:seems|looks\ like|appears)(?:\ that)?\ )?
        (?:no\ document\ (?:was|has\ been|is)\ (?:provided|given)|you\ have(?:n't|\ not)\ provided)
    |   (?:the|this|your)\ (?:provided\ |given\ )?(?:document|text|passage)
        \ (?:is\ (?:empty|blank|missing)|(?:does\ not|doesn't)\ (?:contain|provide|have|include)\b[^.\n]*)(?:\.|\Z)
    |   there\ is\ no\ (?:document|text|passage)\.
    |   \(?(?:n/?a|none|null|no\ (?:\w+\ )?(?:query|queries|question)(?:\ (?:possible|available))?)\)?\.?\s*\Z
    |   (?:error:\ )?(?:rate\ limit\ exceeded|upstream\ (?:timeout|error))\.?\s*\Z
    |   (?:no\ puedo|je\ ne\ (?:peux|suis)\ pas|ich\ kann\b[^.\n]*\bnicht|non\ posso|não\ posso|я\ не\ могу)\b[^.\n]*\.
    |   我(?:无法|不能|無法)[^。\n]*。
    |   (?:很?抱歉|对不起|對不起)[，,。]?\s*我?(?:无法|不能|無法|没有办法)
    |   申し訳(?:ありません|ございません)
    |   (?:lo\ siento|je\ suis\ désolée?|(?:es\ )?tut\ mir\ (?:sehr\ )?leid|mi\ dispiace|desculpe|sinto\ muito
        |извините)\b
        [^.\n]{0,40}?\b(?:no\ puedo|ne\ peux\ pas|kann\b[^.\n]{0,60}?\bnicht|non\ posso|não\ posso|не\ могу)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def is_refusal(text: str) -> bool:
    """Whether an answer begins by refusing."""
    return bool(_REFUSAL.match(text.replace("’", "'")))

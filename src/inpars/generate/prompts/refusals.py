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
    |   I(?:'m|\ am)?\ (?:can'?t|can\ ?not|won't|will\ not|(?:un|not\ )able\ to)
        \ (?:assist|help|provide|fulfil+|comply|generate|create|write|answer|complete|process|produce|do)\b
        (?:\ you)?(?:\ with|\ to)?\ (?:(?:that|this|your|the|such|any|an?)\b|(?:search\ )?quer|questions\b)
    |   as\ an?\ (?:(?:AI|artificial\ intelligence)(?:\ (?:language\ )?model|\ assistant|\ system|\ chatbot)?|
            (?:large\ )?language\ model|LLM)(?:[,.]|\ (?:developed|created|trained|designed|I)\b)
    |   I(?:'m|\ am)\ (?:just\ |only\ )?an?\ (?:AI|(?:large\ )?language\ model)\b
    |   I\ must\ (?:\w+ly\ )?decline|I\ (?:don't|do\ not)\ feel\ comfortable
    |   (?:(?:could|can)\ you\ )?(?:please\ )?(?:provide|share|paste)(?:\ me)?(?:\ with)?
        \ (?:the|a|your)\ (?:document|text|passage)\b
    |   (?:it\ (?:seems|looks\ like|appears)(?:\ that)?\ )?
        (?:no\ document\ (?:was|has\ been|is)\ (?:provided|given)|you\ have(?:n't|\ not)\ provided)
    |   (?:很?抱歉|对不起|對不起)[，,。]?\s*我?(?:无法|不能|無法|没有办法)
    |   申し訳(?:ありません|ございません)
    |   (?:lo\ siento|je\ suis\ désolée?|es\ tut\ mir\ (?:sehr\ )?leid|mi\ dispiace|desculpe|sinto\ muito|извините)\b
        [^.\n]{0,40}?\b(?:no\ puedo|ne\ peux\ pas|kann\b[^.\n]{0,60}?\bnicht|non\ posso|não\ posso|не\ могу)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def is_refusal(text: str) -> bool:
    """Whether an answer begins by refusing."""
    return bool(_REFUSAL.match(text.replace("’", "'")))

"""Why a model has answered nothing, or not to the end."""

from __future__ import annotations

import re
from typing import Literal

from inpars.models.language.base import Completion

Ending = Literal["stop", "length", "filter", "tool"]

# OpenAI's words, and those of Gemini, Anthropic, Mistral, Zhipu and TGI for the same.
_ENDINGS: dict[str, Ending] = {
    r"length|max_(?:output_|new_)?tokens|model_length|model_context_window_exceeded": "length",
    r".*filter.*|safety|prohibited_content|blocklist|recitation|spii|sensitive|guardrail.*": "filter",
    r"tool_calls?|tool_use|function_call": "tool",
}

_WAYS_OUT = {
    "thoughts": "more --max-new-tokens (thoughts take hundreds), or no thinking: "
    "--openai.extra-body.chat_template_kwargs.enable_thinking false with Qwen3 and its like behind vLLM or SGLang, "
    "--openai.extra-body.reasoning_effort with OpenAI's",
    "content filter": "another model, or a provider whose filter lets these documents pass",
    "refused": "another prompt or another model",
    "tool": "--openai.extra-body.tool_choice none",
}


def ending(completion: Completion) -> Ending:
    """What a completion ended in, whatever its server calls it."""
    return ending_of(completion.finish_reason)


def ending_of(finish_reason: str) -> Ending:
    """What such a `finish_reason` means, whichever server gave it."""
    told = finish_reason.lower()
    return next((kind for words, kind in _ENDINGS.items() if re.fullmatch(words, told)), "stop")


def why_unfinished(completion: Completion, max_new_tokens: int) -> str:
    """Why a model never came to its answer, having begun to think aloud."""
    if ending(completion) == "length":
        return f"its thoughts did not end within {max_new_tokens} tokens (max_new_tokens)"
    return "its thoughts did not end: a stop string, or the server, ended the answer inside them"


def why_empty(completion: Completion, max_new_tokens: int) -> str:
    """Why an answer has no text."""
    ended = ending(completion)
    if ended == "filter":
        return "withheld by the content filter"
    if completion.refusal or completion.finish_reason == "refusal":
        return "the model refused"
    if ended == "tool":
        return "the model called a tool in place of an answer"
    if ended == "length":
        what = "white space" if completion.text else "thoughts that are not shown"
        return f"empty: all {max_new_tokens} tokens went on {what} (max_new_tokens)"
    if completion.reasoning.strip():
        return "thoughts, and no answer after them"
    return "empty answer"


def way_out(reason: str) -> str:
    """What to try where answers are dropped for such a reason; "" where there is nothing in particular."""
    return next((way for word, way in _WAYS_OUT.items() if word in reason), "")

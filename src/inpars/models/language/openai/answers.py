"""From a server's answer to completions: texts cut at stop strings, and the log-probabilities of what is left."""

from __future__ import annotations

import contextlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

import orjson

from inpars.data.surrogates import mended
from inpars.errors import shorten
from inpars.models.language.base import Completion
from inpars.models.language.openai.bodies import code_and_message, error_in, page_title, status_of
from inpars.models.language.thoughts import after_thoughts

ONLY_STREAMS = "look for an option of the server's, or of a gateway before it, that answers at once"
"""What to do about a server that does."""

# Where a part of a message has its text.
_TEXTS = ("thinking", "text", "summary", "content", "value")


class BrokenAnswer(Exception):
    """An answer with status 200 that is not what the API promises."""


class ReportedError(BrokenAnswer):
    """An answer with status 200 that is an error, or in which a choice ended in one; `status` is what it means."""

    def __init__(self, error: Any) -> None:
        super().__init__(code_and_message(error)[1])
        self.error, self.status = error, status_of(error)


class NoAPI(BrokenAnswer):
    """An answer with status 200 as no server gives it that speaks the API; with a `hint`, all its answers are such."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them."""

    prompt: int
    completion: int
    cached: int


def parse(content: bytes) -> dict[str, Any]:
    """The answer as JSON. `BrokenAnswer` where it is cut off, is something else, or holds no completion."""
    try:
        return _parse(content)
    except RecursionError:
        raise BrokenAnswer("an answer that is nested too deep") from None


def _parse(content: bytes) -> dict[str, Any]:
    answer = _json(content)
    if (error := error_in(answer)) is not None:
        raise ReportedError(error)
    shown = shorten(content.decode("utf-8", "replace"), 200)
    if not isinstance(answer, dict) or "choices" not in answer:
        raise NoAPI(f"the answer has no choices, so that this is another API: {shown}")
    choices = answer["choices"]
    if not isinstance(choices, list) or not choices:
        raise BrokenAnswer(f"an answer without choices: {shown}")
    if not all(isinstance(choice, dict) and _has_text(choice) for choice in choices):
        raise BrokenAnswer(f"an answer with a choice that holds no text: {shorten(choices[0])}")
    return dict(answer)


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        text = content.decode("utf-8-sig", "replace").strip()
    if re.match(r"(?:data|event|id|retry)?:|\{.*\}\r?\n\{", text):
        raise NoAPI(
            "the answer is a stream of events, though none was asked for: this server only streams",
            ONLY_STREAMS,
        )
    if page := page_title(text):
        raise NoAPI(f"the answer is {page}, not JSON: there is no API at this address")
    try:
        # Half a character of UTF-16, which orjson refuses and some servers send, is no reason to lose an answer.
        return mended(json.loads(text))
    except ValueError:
        raise BrokenAnswer(f"an answer that is no JSON: {shorten(text)}") from None


def usage(answer: dict[str, Any]) -> Usage | None:
    """The token counts of an answer; None where it has none, or none that are numbers."""
    counts = answer.get("usage")
    if not isinstance(counts, dict):
        return None
    prompt, completion = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    details = counts.get("prompt_tokens_details")
    return Usage(prompt, completion, _count(details.get("cached_tokens") if isinstance(details, dict) else 0) or 0)


def completions(answer: dict[str, Any], stop: tuple[str, ...]) -> list[Completion]:
    """The completions of a parsed answer, in the server's order."""
    choices = sorted(answer["choices"], key=lambda choice: _count(choice.get("index")) or 0)
    return [_completion(choice, stop) for choice in choices]


def _has_text(choice: dict[str, Any]) -> bool:
    return isinstance(choice.get("text"), str) or isinstance(choice.get("message"), dict)


def _completion(choice: dict[str, Any], stop: tuple[str, ...]) -> Completion:
    message = choice["message"] if isinstance(choice.get("message"), dict) else None
    whole = choice["text"] if message is None else _content(message)
    # A stop string ends the answer, not the thoughts before it.
    spoken = after_thoughts(whole)
    begin = spoken.start if spoken else len(whole)
    end = min((place for mark in stop if mark and (place := whole.find(mark, begin)) >= 0), default=len(whole))
    reason = "stop" if end < len(whole) else choice.get("finish_reason") or "stop"
    completion = Completion(whole[:end], finish_reason=str(reason))
    if message is not None:
        completion.reasoning, completion.refusal = _reasoning(message), _refusal(message)
    # Log-probabilities are an extra: an answer whose are malformed is an answer without.
    with contextlib.suppress(TypeError, ValueError, AttributeError, LookupError, OverflowError):
        completion.tokens, completion.log_probs = _kept(_tokens(choice.get("logprobs"), whole), end)
    return completion


def _content(message: dict[str, Any]) -> str:
    """The text of a chat message: a string, nothing (a refusal), or parts, thoughts left out."""
    content = message.get("content")
    if isinstance(content, list):
        content = [part for part in content if not (isinstance(part, dict) and _is_thought(part))]
    return _text_of(content)


def _reasoning(message: dict[str, Any]) -> str:
    """What the model thought, as the server tells it: in a field of its own, or as parts of the content."""
    for name in ("reasoning_content", "reasoning", "thinking", "reasoning_details"):
        if told := message.get(name):
            return _text_of(told)
    content = message.get("content")
    return _text_of([part for part in _parts(content) if _is_thought(part)]) if isinstance(content, list) else ""


def _refusal(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = _parts(content) if isinstance(content, list) else []
    return str(message.get("refusal") or next((part["refusal"] for part in parts if part.get("refusal")), ""))


def _parts(content: list[Any]) -> list[dict[str, Any]]:
    return [part for part in content if isinstance(part, dict)]


def _is_thought(part: dict[str, Any]) -> bool:
    return str(part.get("type")).startswith(("thinking", "reasoning", "thought", "redacted"))


def _text_of(told: Any, depth: int = 20) -> str:
    """The texts of parts within parts, to a `depth` that no server reaches."""
    if told is None or not depth:
        return ""
    if isinstance(told, list):
        return "".join(_text_of(part, depth - 1) for part in told)
    if isinstance(told, dict):
        return next((_text_of(told[name], depth - 1) for name in _TEXTS if told.get(name)), "")
    return str(told)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    text: str
    log_prob: float | None


def _tokens(told: Any, whole: str) -> list[_Token] | None:
    """The tokens in either format, laid over `whole`; None where there are none or they do not fit.

    A character that is made of several tokens belongs to the last of them.
    """
    if not isinstance(told, dict):
        return None
    if isinstance(told.get("content"), list):
        raw = [_chat_bytes(token) for token in told["content"]]
        values = [token.get("logprob") for token in told["content"]]
    elif isinstance(told.get("tokens"), list):
        raw = [_legacy_bytes(token) for token in told["tokens"]]
        values = told["token_logprobs"]
    else:
        return None
    joined = b"".join(raw).decode("utf-8", "replace")
    # Reasoning that the server has cut out, or white space that it has stripped, comes before the text.
    skipped = 0 if joined.startswith(whole) else joined.rfind(whole)
    if skipped < 0:
        return None
    starts, characters = [], 0
    for token in raw:
        starts.append(characters - (bool(token) and _continues(token[0])))
        characters += sum(not _continues(byte) for byte in token)
    ends = [*starts[1:], len(joined)]
    return [
        _Token(max(start - skipped, 0), joined[max(start, skipped) : end], _number(value))
        for start, end, value in zip(starts, ends, values, strict=True)
        if end > skipped or start >= skipped
    ]


def _kept(tokens: list[_Token] | None, end: int) -> tuple[list[str], list[float] | None]:
    """Texts and values of the tokens that begin before `end`.

    The text of a token without a value goes to the one after it, or to the last: the tokens joined
    are the text still.
    """
    if tokens is None:
        return [], None
    texts: list[str] = []
    values: list[float] = []
    loose = ""
    for token in tokens:
        if token.start >= end:
            break
        if token.log_prob is None:
            loose += token.text
        else:
            texts.append(loose + token.text)
            values.append(token.log_prob)
            loose = ""
    if loose and texts:
        texts[-1] += loose
    return (texts, values) if texts or end == 0 else ([], None)


def _chat_bytes(token: dict[str, Any]) -> bytes:
    told = token.get("bytes")
    return bytes(told) if isinstance(told, list) else str(token["token"]).encode()


def _legacy_bytes(token: str) -> bytes:
    """OpenAI writes a token that is no whole character as `bytes:` and its bytes in hexadecimal."""
    if re.fullmatch(r"bytes:(\\x[0-9a-f]{2})+", token):
        return bytes.fromhex(token.removeprefix("bytes:").replace("\\x", ""))
    return token.encode()


def _continues(byte: int) -> bool:
    """Whether a byte is a later one of a character in UTF-8."""
    return byte & 0xC0 == 0x80


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _count(value: Any) -> int | None:
    """A whole number, which some gateways write as text; None for what is none, and 0 for nothing."""
    try:
        return int(float(value or 0))
    except (TypeError, ValueError, OverflowError):
        return None

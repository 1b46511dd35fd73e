"""What a failure means: try again and when, give up on this prompt, or stop the run."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import openai

from inpars.data.waiting import retry_after
from inpars.errors import shorten
from inpars.models.language.openai.answers import BrokenAnswer

BASE_WAIT = 0.5
"""Seconds that the first wait takes at most; each further one is twice as long."""

_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"}
_KEEPS = "answers so far are kept"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt. `wait` is what the server asks for; `crowded` says that it wants fewer requests."""

    text: str
    action: Literal["retry", "give up", "stop"]
    hint: str = ""
    wait: float | None = None
    crowded: bool = False


def judge(error: openai.APIError | BrokenAnswer, endpoint: str = "") -> Failure:
    """What an exception of one attempt means."""
    if isinstance(error, openai.APIStatusError):
        return judge_status(error.status_code, error.body, error.response.headers, endpoint)
    if isinstance(error, BrokenAnswer):
        return Failure(str(error), "retry")
    if isinstance(error, openai.APITimeoutError):
        return Failure("no answer in time", "retry")
    cause = error.__cause__
    return Failure(f"connection failed ({cause or error})", "retry")


def judge_status(status: int, error: Any, headers: Mapping[str, str], endpoint: str = "") -> Failure:
    """What an HTTP status with an error body means."""
    code, message = _code_and_message(error)
    text = f"status {status}" + (f": {message}" if message else "")
    if status == 402 or (status == 429 and code in _NO_MONEY):
        return Failure(f"the quota is spent ({text})", "stop", f"add credit, then run the same command; {_KEEPS}")
    if status == 401:
        return Failure(f"the key is not accepted ({text})", "stop", f"set OPENAI_API_KEY to a valid key; {_KEEPS}")
    if status == 403:
        return Failure(f"access is refused ({text})", "stop", "check what the key may be used for, and from where")
    if status in (404, 405, 501):
        hint = "check the model's name and --openai.base-url"
        if endpoint == "/completions":
            hint = f"where the model or the server knows only chat: --openai.api chat; else {hint}"
        return Failure(f"there is no such model or call ({text})", "stop", hint)
    if status in (408, 409, 429) or status >= 500:
        return Failure(text, "retry", wait=retry_after(headers), crowded=status == 429)
    return Failure(text, "give up")


def backoff(attempt: int, most: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): doubling, and drawn from the upper half."""
    return min(most, BASE_WAIT * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)


def scrub(text: str, secret: str) -> str:
    """`text` without the API key, and without what looks like one."""
    if len(secret) >= 8:
        text = text.replace(secret, "[key]")
    return re.sub(r"\b(?:sk|pk)-[\w*.-]{6,}", "[key]", text)


def _code_and_message(error: Any) -> tuple[str, str]:
    """The code (or type) and the message of an error body, in the forms that servers have."""
    if not isinstance(error, dict):
        return "", shorten(error, 300) if error else ""
    code = error.get("code") if isinstance(error.get("code"), str) else error.get("type")
    message = error.get("message") or error.get("detail") or error.get("error") or ""
    return str(code or ""), " ".join(str(message).split())[:500]

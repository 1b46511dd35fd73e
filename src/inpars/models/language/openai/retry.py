"""What a failure means: try again and when, give up on this prompt, or stop the run."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import openai

from inpars.data.waiting import retry_after
from inpars.models.language.openai.answers import ONLY_STREAMS, BrokenAnswer, NoAPI, ReportedError
from inpars.models.language.openai.bodies import code_and_message, page_title
from inpars.models.language.openai.connection import explain, proxy_of

BASE_WAIT = 0.5
"""Seconds that the first wait takes at most; each further one is twice as long."""

_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"}
KEEPS = "answers so far are kept"
_WANTS_TLS = re.compile(r"HTTP request (?:was sent )?to (?:an )?HTTPS", re.IGNORECASE)
# What is wrong with every request alike, in the words of servers that tell it with a status for one.
_BAD_KEY = re.compile(
    r"api[ _-]?key (?:is )?(?:not valid|invalid|missing|expired)|(?:invalid|incorrect|missing|expired) api[ _-]?key",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"(?:no such|unknown) model|model\b.{0,80}\b(?:not found|does(?: not|n't) exist)", re.IGNORECASE)
_STREAMS = re.compile(r"only supports? stream|stream\W+(?:must be|to be) (?:set to )?true", re.IGNORECASE)
_ABOUT_PROMPT = re.compile(
    r"context|length|token|too (?:long|large)|content|filter|safety|policy|moderat", re.IGNORECASE
)
# Pages of a gateway whose server is down or restarting, and back soon.
_PASSING = re.compile(r"gateway|unavailable|time-?d? ?out|overload|maintenance|\b50[0-9]\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt. `wait` is what the server asks for; `crowded` says that it wants fewer requests.

    "doubt" is a retry while the server has ever answered; else most likely the address is wrong.
    """

    text: str
    action: Literal["retry", "doubt", "give up", "stop"]
    hint: str = ""
    wait: float | None = None
    crowded: bool = False


def judge(error: openai.APIError | BrokenAnswer, endpoint: str = "", base_url: str = "") -> Failure:
    """What an exception of one attempt means."""
    if isinstance(error, openai.APIStatusError):
        failure = judge_status(error.status_code, error.body, error.response.headers, endpoint, base_url)
        # An API answers in JSON, a proxy in web pages.
        return _through_proxy(failure, base_url) if page_title(error.body) else failure
    if isinstance(error, ReportedError):
        return judge_status(error.status, error.error, {}, endpoint, base_url, inside=True)
    if isinstance(error, NoAPI):
        if error.hint:
            return Failure(str(error), "stop", error.hint)
        action: Literal["retry", "doubt"] = "retry" if _PASSING.search(str(error)) else "doubt"
        return _through_proxy(Failure(str(error), action, _about(base_url)), base_url)
    if isinstance(error, BrokenAnswer):
        return Failure(str(error), "retry")
    cause = error.__cause__ or error
    # By name, as the SDK's HTTP library goes by two.
    if isinstance(error, openai.APITimeoutError) and type(cause).__name__ != "ConnectTimeout":
        return Failure("no answer in time", "retry")
    unreached = explain(cause, base_url)
    return Failure(unreached.why, "stop" if unreached.hopeless else "doubt", unreached.hint)


def judge_status(
    status: int,
    error: Any,
    headers: Mapping[str, str],
    endpoint: str = "",
    base_url: str = "",
    *,
    inside: bool = False,
) -> Failure:
    """What an HTTP status with an error body means; `inside` where the status stood in the body of a 200."""
    code, message = code_and_message(error)
    text = f"status 200 with error {status}" if inside else f"status {status}"
    text += f": {message}" if message else ""
    if status == 402 or (status == 429 and code in _NO_MONEY):
        return Failure(f"the quota is spent ({text})", "stop", f"add credit, then run the same command; {KEEPS}")
    if status == 401 or (status in (400, 422) and _BAD_KEY.search(message)):
        return Failure(f"the key is not accepted ({text})", "stop", f"set OPENAI_API_KEY to a valid key; {KEEPS}")
    if status == 403:
        return Failure(f"access is refused ({text})", "stop", "check what the key may be used for, and from where")
    if status == 407:
        return Failure(f"the proxy wants a name and a password ({text})", "stop", "HTTPS_PROXY=http://NAME:PASSWORD@…")
    if status == 400 and _WANTS_TLS.search(message):
        secure = base_url.replace("http://", "https://", 1)
        return Failure(f"the server speaks https ({text})", "stop", f"--openai.base-url {secure}")
    if status in (400, 422) and _STREAMS.search(message):
        return Failure(f"this server only streams ({text})", "stop", ONLY_STREAMS)
    if status in (404, 405, 501) or (status in (400, 422) and _NO_MODEL.search(message)):
        hint = f"check the model's name; {_about(base_url)}"
        if endpoint == "/completions":
            hint = f"where the model or the server knows only chat: --openai.api chat; else {hint}"
        return Failure(f"there is no such model or call ({text})", "stop", hint)
    if status in (408, 409, 429) or status >= 500:
        return Failure(text, "retry", wait=retry_after(headers), crowded=status == 429)
    if code == "content_filter":
        text = f"withheld by the content filter ({text})"
    return Failure(text, "give up")


def is_about_prompt(failure: Failure) -> bool:
    """Whether a request failed for what it holds, so that others may do better."""
    return bool(_ABOUT_PROMPT.search(failure.text))


def _about(base_url: str) -> str:
    """What to look at in an address at which there is no API, the usual slips first."""
    call = re.search(r"/(?:chat/)?completions$", base_url)
    if call:
        return f"the address is without {call[0]}: --openai.base-url {base_url[: call.start()]}"
    if base_url and not re.search(r"/v\d|/openai|/api/", base_url):
        return f"the address of an API mostly ends in /v1: --openai.base-url {base_url}/v1"
    return "check --openai.base-url"


def _through_proxy(failure: Failure, base_url: str) -> Failure:
    """`failure` with the proxy named that it may have come from."""
    proxy = proxy_of(base_url) if base_url else None
    if proxy is None:
        return failure
    hint = f"requests go through the proxy {proxy.address} ({proxy.variable}): does it let them?"
    return replace(failure, hint=f"{failure.hint}; {hint}" if failure.hint else hint)


def backoff(attempt: int, most: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): doubling, and drawn from the upper half."""
    return min(most, BASE_WAIT * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)


def scrub(text: str, secret: str) -> str:
    """`text` without the API key, and without what looks like one."""
    if len(secret) >= 8:
        text = text.replace(secret, "[key]")
    return re.sub(r"\b(?:sk|pk)-[\w*.-]{6,}", "[key]", text)

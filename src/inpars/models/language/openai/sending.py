"""One request, sent until it is answered or there is no use in it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import openai

from inpars.errors import InparsError
from inpars.models.language.cache import AnswerCache
from inpars.models.language.chats import has_system_turn
from inpars.models.language.openai.adapt import REFUSALS, Adapter, speaks_of_turns
from inpars.models.language.openai.answers import BrokenAnswer, ReportedError, parse, usage
from inpars.models.language.openai.limits import Pace
from inpars.models.language.openai.requests import Request, request_key
from inpars.models.language.openai.retry import KEEPS, Failure, backoff, is_about_prompt, judge, scrub
from inpars.models.language.openai.workers import Stopped
from inpars.models.language.options import OpenAIOptions

T = TypeVar("T")

# Further attempts at a server that has never answered: most likely the address is wrong.
_UNREACHED = 2

ALIKE = 20
"""Requests that fail with one and the same message before any has succeeded: so do all others."""


class PromptFailed(Exception):
    """There is no answer to this one request, after `requests` attempts; others may still have theirs."""

    def __init__(self, text: str, requests: int) -> None:
        super().__init__(text)
        self.requests = requests


@dataclass(frozen=True, slots=True)
class Received:
    """The content of an answer. `attempts` is 0 where nothing was sent for it now; `batch` is the Batch API's price."""

    content: bytes
    attempts: int = 0
    batch: bool = False


def look(cache: AnswerCache, key: str) -> tuple[bytes, bool] | None:
    """The kept answer and whether a batch's price is still to be counted for it."""
    found = cache.get(key)
    if found is None:
        return None
    try:
        parse(found[0])
    except BrokenAnswer:
        # An earlier version took it for an answer.
        cache.forget(key)
        return None
    return found


def take(cache: AnswerCache, key: str) -> Received | None:
    """The kept answer to hand out, with the price of a batch the first time."""
    found = look(cache, key)
    if found is None:
        return None
    content, batch = found
    if batch:
        cache.settle(key)
    return Received(content, attempts=int(batch), batch=batch)


class Sender:
    """Sends requests through the SDK's client, at the pace and as often as the options say."""

    def __init__(self, client: openai.OpenAI, base_url: str, options: OpenAIOptions, adapter: Adapter) -> None:
        self.client = client
        self.base_url = base_url
        self.options = options
        self.adapter = adapter
        self.pace = Pace(options.requests_per_minute, options.tokens_per_minute)
        self._reached = False
        self._served = False
        self._alike: Counter[str] = Counter()

    def send(self, request: Request, tokens: int, stop: threading.Event) -> Received:
        """The answer to `request`, which takes about `tokens` tokens.

        Raises `PromptFailed` where there is none, `InparsError` where the run must stop, and
        `Stopped` where `stop` is set while it waits.
        """
        attempts = failures = 0
        chat = has_system_turn(request.body.get("messages", ()))
        system, tried, confirm = True, False, False
        while True:
            self._wait_turn(tokens, stop)
            body = self.adapter.apply(request.endpoint, request.body, system=system)
            attempts += 1
            sent = self.pace.clock()
            try:
                content = self._post(request, body)
                answer = parse(content)
            except (openai.APIError, BrokenAnswer) as error:
                if self._learn(error, request, body):
                    continue
                status, told = _status_and_error(error)
                refused = not tried and has_system_turn(body.get("messages", ()))
                if refused and self.adapter.suspects_system_turn(status, told):
                    # Once without it, to see whether it is the system turn that the server does not take.
                    system, tried = False, True
                    confirm = self.adapter.system_turn is None and not speaks_of_turns(told)
                    continue
                # Refused without it as well, so that was not the reason; an overload says nothing about it.
                system = system or status in REFUSALS
                failures += 1
                failure = self._judge(error, request.endpoint, failures)
                if failure.action == "give up" or failures > self.options.retries:
                    if failure.action == "give up" and not is_about_prompt(failure):
                        self._refused(failure)
                    raise PromptFailed(_after(failure.text, attempts), attempts) from None
                wait = self._wait(failure, failures)
                if failure.crowded:
                    self.pace.refused(sent, wait)
                elif stop.wait(wait):
                    raise Stopped from None
                continue
            self._reached = self._served = True
            if confirm and not system:
                attempts += 1
                content, answer = self._confirm(request) or (content, answer)
            elif chat:
                self.adapter.took(system=system)
            self.pace.served()
            if self.pace.counts_tokens and (used := usage(answer)):
                self.pace.settle(tokens, used.prompt + used.completion)
            return Received(content, attempts)

    def call(self, call: Callable[[], T]) -> T:
        """What a call of the client gives, tried again as requests are. `InparsError` where it fails for good."""
        attempts = 0
        while True:
            attempts += 1
            try:
                return call()
            except (openai.APIError, BrokenAnswer) as error:
                failure = self._judge(error, "", attempts)
                if failure.action == "give up" or attempts > self.options.retries:
                    raise InparsError(f"{self.base_url}: {_after(failure.text, attempts)}") from None
                threading.Event().wait(self._wait(failure, attempts))

    def failure(self, failure: Failure) -> Failure:
        """`failure` without the key in it; raises it as `InparsError` where the run must stop."""
        text = scrub(failure.text, self.client.api_key)
        if failure.action == "stop":
            text = text if self.base_url in text else f"{self.base_url}: {text}"
            raise InparsError(text, hint=failure.hint) from None
        return replace(failure, text=text)

    def _refused(self, failure: Failure) -> None:
        """Count a request that is given up; raises `InparsError` where the first all failed alike."""
        self._alike[failure.text] += 1
        if not self._served and self._alike[failure.text] >= ALIKE == self._alike.total():
            hint = f"mend that, then run the same command; {KEEPS}"
            self.failure(Failure(f"the first {ALIKE} requests all failed alike ({failure.text})", "stop", hint))

    def _learn(self, error: openai.APIError | BrokenAnswer, request: Request, body: dict[str, Any]) -> bool:
        """Whether the server refused only a field that can be left out."""
        return self.adapter.learn(request.endpoint, body, *_status_and_error(error))

    def _confirm(self, request: Request) -> tuple[bytes, dict[str, Any]] | None:
        """The answer with the system turn after all, where the 500 that it was refused with has passed by itself."""
        try:
            content = self._post(request, self.adapter.apply(request.endpoint, request.body))
            answer = parse(content)
        except (openai.APIError, BrokenAnswer) as error:
            if _status_and_error(error)[0] in REFUSALS:
                self.adapter.took(system=False)
            return None
        self.adapter.took(system=True)
        return content, answer

    def _judge(self, error: openai.APIError | BrokenAnswer, endpoint: str, failures: int) -> Failure:
        failure = judge(error, endpoint, self.base_url)
        if failure.action != "doubt":
            self._reached = True
        elif not self._reached and failures > min(_UNREACHED, self.options.retries):
            failure = replace(failure, action="stop")
        return self.failure(failure)

    def _wait(self, failure: Failure, attempts: int) -> float:
        most = self.options.max_wait
        return backoff(attempts, most) if failure.wait is None else min(failure.wait, most)

    def _wait_turn(self, tokens: int, stop: threading.Event) -> None:
        while (seconds := self.pace.claim(tokens)) > 0:
            if stop.wait(seconds):
                raise Stopped
        if stop.is_set():
            raise Stopped

    def _post(self, request: Request, body: dict[str, Any]) -> bytes:
        """The content of the answer. The body goes as it is: the SDK knows fewer fields than servers do."""
        body = dict(body)
        headers = {"Idempotency-Key": request_key(self.base_url, request.endpoint, body)}
        model = body.pop("model")
        if request.endpoint == "/chat/completions":
            chat = self.client.chat.completions.with_raw_response
            messages = body.pop("messages")
            return chat.create(model=model, messages=messages, extra_body=body, extra_headers=headers).content
        text = self.client.completions.with_raw_response
        prompt = body.pop("prompt")
        return text.create(model=model, prompt=prompt, extra_body=body, extra_headers=headers).content


def _status_and_error(error: openai.APIError | BrokenAnswer) -> tuple[int, Any]:
    """The status that the server gave or told, with the body of the error; 0 where there is none."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code, error.body
    return (error.status, error.error) if isinstance(error, ReportedError) else (0, None)


def _after(text: str, attempts: int) -> str:
    return text if attempts == 1 else f"{text}, after {attempts} attempts"

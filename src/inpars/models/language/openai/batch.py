"""The Batch API: requests are handed over as files, and the answers collected by a later run of the same command."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any

import openai
import orjson

from inpars.errors import Pending
from inpars.models.language.base import Answer, Message, Prompt
from inpars.models.language.cache import AnswerCache, Database
from inpars.models.language.openai.adapt import Adapter, speaks_of_turns
from inpars.models.language.openai.answers import BrokenAnswer, ReportedError, parse
from inpars.models.language.openai.ledger import Handed, Ledger
from inpars.models.language.openai.requests import Request
from inpars.models.language.openai.retry import Failure, judge_status
from inpars.models.language.openai.sending import PromptFailed, Received, Sender, look, take
from inpars.progress import say

MOST_REQUESTS = 50_000
"""Requests in one file, by OpenAI's rules."""

MOST_BYTES = 150_000_000
"""Bytes of one file; OpenAI takes 200 MB."""

Fetch = Callable[[Request], Received]
_UNDER_WAY = {"validating", "in_progress", "finalizing", "cancelling"}
_UUID = "inpars"
# Says of a batch that its chats went without their system turns: refused all the same, they are not sent again.
_NO_SYSTEM = {"system_turn": "no"}


class Missing(Exception):
    """The answer to a request is not there yet."""

    def __init__(self, request: Request) -> None:
        self.request = request


class Batches:
    """Hands over what the cache lacks, and answers once it lacks nothing."""

    def __init__(self, database: Database, sender: Sender, adapter: Adapter, cache: AnswerCache) -> None:
        self._sender = sender
        self._client = sender.client
        self._adapter = adapter
        self._cache = cache
        self._ledger = Ledger(database)
        self._fatal: Failure | None = None

    def complete(self, prompts: Iterable[Prompt], answer: Callable[[Prompt, Fetch], Answer]) -> Iterator[Answer]:
        """The answers to all prompts, or `Pending` before the first while any request is not done.

        `answer` makes an answer of a prompt from what a fetch gives for its requests. Prompts lie in
        a file meanwhile, so that any number of them takes no more memory than their keys.
        """
        with tempfile.TemporaryFile() as spool:
            for prompt in prompts:
                row = (prompt.key, prompt.text, [tuple(message) for message in prompt.messages])
                spool.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

            def missing() -> Iterator[Request]:
                for prompt in _prompts(spool):
                    try:
                        answer(prompt, self._look)
                    except Missing as found:
                        yield found.request

            waiting = {batch.uuid: batch for r in missing() if (batch := self._ledger.batch(r.key))}
            counts: Counter[str] = Counter()
            for batch in waiting.values():
                counts.update(self._collect(batch))
            counts.update(self._submit(missing()))
            if counts["requests"]:
                raise Pending(
                    f"{counts['requests']} requests lie with {self._sender.base_url} as {counts['batches']} batches:"
                    f" {counts['submitted']} submitted now, {counts['answered']} answered so far",
                    hint="run the same command again to collect the answers; a batch takes up to 24 hours",
                )
            for prompt in _prompts(spool):
                yield answer(prompt, self._take)

    def _look(self, request: Request) -> Received:
        """The answer to a request without handing it out."""
        if found := look(self._cache, request.key):
            return Received(found[0])
        if error := self._ledger.error(request.key):
            raise PromptFailed(error, 0)
        raise Missing(request)

    def _take(self, request: Request) -> Received:
        """The answer to a request, handed out: its price counts once, and its error is told once."""
        if received := take(self._cache, request.key):
            return received
        if error := self._ledger.error(request.key):
            self._ledger.forget(request.key)
            raise PromptFailed(error, 1)
        raise Missing(request)

    def _collect(self, handed: Handed) -> dict[str, int]:
        """Ask after a batch, and keep what it has answered if it is over; else what it counts as."""
        batch_id = handed.id or self._find(handed)
        if not batch_id:
            # The process that intended it was killed before the server had it.
            self._ledger.close(handed.uuid)
            return {}
        self._ledger.record(handed.uuid, batch_id)
        batch = self._sender.call(lambda: _retrieve(self._client, batch_id))
        if batch is None:
            say(f"batch {batch_id} is gone from {self._sender.base_url}: its requests are submitted again")
        elif batch.status in _UNDER_WAY:
            done = batch.request_counts
            return {"batches": 1, "answered": done.completed + done.failed if done else 0}
        else:
            without = _NO_SYSTEM.items() <= (batch.metadata or {}).items()
            if without:
                self._adapter.took(system=False)
            if batch.status != "completed":
                reasons = [error.message for error in (batch.errors and batch.errors.data) or [] if error.message]
                told = f" ({reasons[0]})" if reasons else ""
                say(f"batch {batch_id} {batch.status}{told}: what it did not answer is submitted again")
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    self._keep(file_id, batch.endpoint.removeprefix("/v1"), may_fold=not without)
        self._ledger.close(handed.uuid)
        if self._fatal:
            # Raised only now that all answers are kept: the next run submits the rest again.
            self._sender.failure(self._fatal)
        return {}

    def _find(self, handed: Handed) -> str:
        """The server's id of a batch that we may have been killed after handing over."""

        def search() -> str:
            for batch in self._client.batches.list(limit=100):
                if (batch.metadata or {}).get(_UUID) == handed.uuid:
                    return batch.id
                # Newest first. A day of difference between two clocks is more than enough.
                if batch.created_at < handed.intended - 86_400:
                    break
            return ""

        return self._sender.call(search)

    def _keep(self, file_id: str, endpoint: str, *, may_fold: bool) -> None:
        """Put the lines of an output or error file into the cache."""
        with tempfile.TemporaryFile() as file:
            self._sender.call(lambda: _download(self._client, file_id, file))
            file.seek(0)
            while lines := list(islice(file, 1000)):
                answers, errors = [], []
                for line in lines:
                    key, content, error = self._read(orjson.loads(line), endpoint, may_fold)
                    if content:
                        answers.append((key, content))
                    elif error:
                        errors.append((key, error))
                self._cache.put(answers, batch=True)
                self._ledger.fail(errors)

    def _read(self, row: dict[str, Any], endpoint: str, may_fold: bool) -> tuple[str, bytes, str]:
        """Key, answer and error of one line; neither answer nor error where it is worth sending again."""
        key = str(row["custom_id"])
        response = row.get("response") or {}
        status, body = int(response.get("status_code") or 0), response.get("body")
        if status == 200:
            content = orjson.dumps(body)
            try:
                parse(content)
                return key, content, ""
            except ReportedError as told:
                status, error = told.status, told.error
            except BrokenAnswer:
                return key, b"", ""
        else:
            error = (body.get("error") or body) if isinstance(body, dict) else row.get("error")
        if may_fold and status in (400, 422, 424) and speaks_of_turns(error):
            self._adapter.took(system=False)
            return key, b"", ""
        # A line without a status was never tried: the batch was over before.
        if not status or self._adapter.learn(endpoint, None, status, error):
            return key, b"", ""
        failure = judge_status(status, error, {}, endpoint)
        if failure.action == "stop":
            self._fatal = failure
        return key, b"", self._sender.failure(failure).text if failure.action == "give up" else ""

    def _submit(self, missing: Iterable[Request]) -> dict[str, int]:
        """Hand over the requests that lie in no batch; counts them and those that do."""
        counts: Counter[str] = Counter()
        with ExitStack() as stack:
            parts: dict[str, _Part] = {}

            def hand_over(endpoint: str) -> None:
                part = parts.pop(endpoint)
                self._hand_over(endpoint, part)
                counts.update(batches=1, submitted=len(part.keys))

            for request in missing:
                counts["requests"] += 1
                if self._ledger.batch(request.key):
                    continue
                endpoint = request.endpoint
                line = _line(request, self._adapter.apply(endpoint, request.body))
                if endpoint in parts and parts[endpoint].full(line):
                    hand_over(endpoint)
                if endpoint not in parts:
                    parts[endpoint] = _Part(stack.enter_context(tempfile.TemporaryDirectory()))
                    stack.enter_context(parts[endpoint].file)
                parts[endpoint].add(request.key, line)
            for last in list(parts):
                hand_over(last)
        return counts

    def _hand_over(self, endpoint: str, part: _Part) -> None:
        """Upload a file and make a batch of it, so that a kill at any point submits nothing twice."""
        handed = Handed(uuid.uuid4().hex, "", time.time())
        self._ledger.intend(handed.uuid, part.keys)
        patient = self._client.with_options(timeout=max(600.0, self._sender.options.timeout))
        part.file.close()
        tried = False

        def upload() -> str:
            with part.path.open("rb") as file:
                return patient.files.create(file=(part.path.name, file), purpose="batch").id

        def create() -> str:
            nonlocal tried
            # An attempt whose answer was lost may have made the batch all the same.
            if tried and (found := self._find(handed)):
                return found
            tried = True
            return self._client.batches.create(
                input_file_id=file_id,
                endpoint=f"/v1{endpoint}",  # type: ignore[arg-type]
                completion_window="24h",
                metadata={_UUID: handed.uuid} | (_NO_SYSTEM if self._adapter.system_turn is False else {}),
            ).id

        file_id = self._sender.call(upload)
        self._ledger.record(handed.uuid, self._sender.call(create))


class _Part:
    """A file of requests that is being filled."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder) / "requests.jsonl"
        self.file = self.path.open("wb")
        self.keys: set[str] = set()
        self._size = 0

    def full(self, line: bytes) -> bool:
        return len(self.keys) >= MOST_REQUESTS or self._size + len(line) > MOST_BYTES

    def add(self, key: str, line: bytes) -> None:
        """Add a request, but for one that is there already: equal requests have equal keys."""
        if key not in self.keys:
            self.keys.add(key)
            self._size += self.file.write(line)


def _line(request: Request, body: dict[str, Any]) -> bytes:
    row = {"custom_id": request.key, "method": "POST", "url": f"/v1{request.endpoint}", "body": body}
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _prompts(spool: IO[bytes]) -> Iterator[Prompt]:
    spool.seek(0)
    for line in spool:
        key, text, messages = orjson.loads(line)
        yield Prompt(key, text, tuple(Message(*message) for message in messages))


def _retrieve(client: openai.OpenAI, batch_id: str) -> openai.types.Batch | None:
    try:
        return client.batches.retrieve(batch_id)
    except openai.NotFoundError:
        return None


def _download(client: openai.OpenAI, file_id: str, file: IO[bytes]) -> None:
    """Write a file of the server to `file`. `BrokenAnswer` where it breaks off."""
    file.seek(0)
    file.truncate()
    with client.files.with_streaming_response.content(file_id) as response:
        try:
            for chunk in response.iter_bytes():
                file.write(chunk)
        except OSError:
            raise
        except Exception as error:
            # The SDK lets the errors of its HTTP library through here, which goes by two names.
            raise BrokenAnswer(f"a download that broke off ({error})") from None

"""The model behind an endpoint: prompts become requests, each answered from the cache or by the server."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import cached_property

import openai

from inpars.data.hashes import hash_of
from inpars.errors import InparsError, require_library
from inpars.models.language.base import Answer, Prompt, Sampling, Tokenizer
from inpars.models.language.cache import AnswerCache, Database, cache_path
from inpars.models.language.openai.adapt import Adapter
from inpars.models.language.openai.answers import completions, parse, usage
from inpars.models.language.openai.batch import Batches, Fetch
from inpars.models.language.openai.client import check_key, open_client, prepare, public_url
from inpars.models.language.openai.prices import price_of
from inpars.models.language.openai.requests import Request, count_tokens, make_request
from inpars.models.language.openai.sending import PromptFailed, Received, Sender, take
from inpars.models.language.openai.workers import Stopped, unordered
from inpars.models.language.options import OpenAIOptions, TransformersOptions
from inpars.models.language.tokenizers import EstimatedTokenizer, ModelTokenizer


class OpenAIModel:
    """A language model behind OpenAI's API, or one that speaks it.

    Every answer is kept in a cache file before it is handed out, so that none is ever paid for
    twice. With the option `batch_api` the requests are handed over as a batch instead.
    """

    def __init__(self, name: str, options: OpenAIOptions | None = None, *, client: openai.OpenAI | None = None) -> None:
        """`client` is one that is ready, in place of one made from the options and OPENAI_API_KEY.

        `InparsError` where the endpoint, the price table or the tokenizer will not do. A key is needed only to ask.
        """
        self.options = options or OpenAIOptions()
        self.name = f"openai:{name}"
        self.context_length: int | None = None
        self.price = price_of(name, self.options.prices)
        self.tokenizer = _tokenizer(self.options.tokenizer)
        self._ready = client is not None
        if client is None:
            client = open_client(self.options)
            weakref.finalize(self, client.close)
        client = prepare(client, self.options)
        self._client = client
        self.base_url = public_url(str(client.base_url))
        self._model = name
        self._adapter = Adapter(self.name, frozenset(self.options.extra_body))
        self._sender = Sender(client, self.base_url, self.options, self._adapter)
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[bytes]] = {}

    def fingerprint(self) -> str:
        """The hash of the model's name, its endpoint, the call, and the further fields of the body."""
        return hash_of([self.name, self.base_url, self.options.api, self.options.extra_body])

    @property
    def batches(self) -> bool:
        """Whether it hands over all the prompts of a call as one batch."""
        return self.options.batch_api

    def check(self) -> None:
        """`InparsError` where there is no key that could be one; a ready client is taken as it is."""
        if not self._ready:
            check_key(self._client)

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """One answer for each prompt, as they come. With `batch_api`, `Pending` while a batch is not done."""
        self.check()
        if self.options.batch_api:
            batches = Batches(self._database, self._sender, self._adapter, self._cache)
            return batches.complete(prompts, lambda prompt, fetch: self._answer(prompt, sampling, fetch))
        return self._send_all(prompts, sampling)

    @cached_property
    def _database(self) -> Database:
        return Database(cache_path(self.options.cache))

    @cached_property
    def _cache(self) -> AnswerCache:
        return AnswerCache(self._database)

    def _send_all(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        stop = threading.Event()
        # Opened here, so that a file that will not do is told before anything is sent.
        _ = self._cache

        def work(prompt: Prompt) -> Answer:
            return self._answer(prompt, sampling, lambda request: self._fetch(request, sampling, stop))

        yield from unordered(work, prompts, self.options.concurrency, stop)

    def _fetch(self, request: Request, sampling: Sampling, stop: threading.Event) -> Received:
        """The answer to a request: from the cache, from a thread that is asking for the same, or from the server."""
        while True:
            with self._lock:
                other = self._under_way.get(request.key)
                if other is None:
                    mine = self._under_way[request.key] = Future[bytes]()
            if other is None:
                return self._fetch_first(request, sampling, stop, mine)
            try:
                return Received(other.result())
            except PromptFailed as error:
                raise PromptFailed(str(error), 0) from None
            except Stopped:
                if stop.is_set():
                    raise

    def _fetch_first(
        self, request: Request, sampling: Sampling, stop: threading.Event, mine: Future[bytes]
    ) -> Received:
        try:
            received = take(self._cache, request.key)
            if received is None:
                pace, tokens = self._sender.pace, 0
                if pace.counts_tokens:
                    tokens = count_tokens(request.body, self.tokenizer, sampling.max_new_tokens)
                received = self._sender.send(request, tokens, stop)
                self._cache.put([(request.key, received.content)])
            mine.set_result(received.content)
            return received
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[request.key]

    def _answer(self, prompt: Prompt, sampling: Sampling, fetch: Fetch) -> Answer:
        """One answer from as many requests as the server needs for all its completions."""
        answer = Answer(prompt.key, requests=0, cost=0.0)
        again = 0
        try:
            # Every answer holds a completion or more, so this ends.
            while (lacking := sampling.n - len(answer.completions)) > 0:
                request = make_request(
                    self.base_url, self._model, self.options, prompt, sampling, n=lacking, again=again
                )
                self._add(answer, fetch(request), sampling, lacking)
                again += 1
        except PromptFailed as error:
            answer.completions = []
            answer.error = str(error)
            answer.requests += error.requests
            return answer
        answer.reused = answer.requests == 0
        return answer

    def _add(self, answer: Answer, received: Received, sampling: Sampling, lacking: int) -> None:
        """Add the completions of one request, what it used and what it cost."""
        body = parse(received.content)
        answer.completions += completions(body, sampling.stop)[:lacking]
        answer.requests += received.attempts
        used = usage(body)
        if used:
            answer.prompt_tokens += used.prompt
            answer.completion_tokens += used.completion
            answer.cached_tokens += used.cached
        if received.attempts and answer.cost is not None:
            answer.cost = (
                answer.cost + self.price.cost(used.prompt, used.completion, used.cached, received.batch)
                if self.price and used
                else None
            )


def _tokenizer(name: str) -> Tokenizer:
    if not name:
        return EstimatedTokenizer()
    require_library("transformers", "train", "the option tokenizer")
    from inpars.models.language.transformers.loading import load_tokenizer

    try:
        return ModelTokenizer(load_tokenizer(name, TransformersOptions()))
    except InparsError as error:
        raise InparsError(
            f"no tokenizer: {error.message}", hint="name a hub id or a local path with --openai.tokenizer"
        ) from None

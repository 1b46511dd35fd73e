"""A model that runs here, with its answers kept on disk: what it was asked once it is not asked again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import orjson

from inpars.data.hashes import hash_of
from inpars.errors import InparsError
from inpars.models.language.base import Answer, Completion, LanguageModel, Prompt, Sampling, Tokenizer, Windowed, check
from inpars.models.language.cache import AnswerCache, Database, cache_path
from inpars.progress import say

NOWHERE = "none"
"""In place of a file: keep nothing."""

# Another number where the same question would be answered otherwise, or is written down otherwise.
_VERSION = 1
# Not kept: whose answer it is follows from the question, and errors are tried again.
_ABOUT_THE_CALL = ("key", "reused", "error", "requests", "cost")


class Local(LanguageModel, Windowed, Protocol):
    """A model that runs here."""

    @property
    def version(self) -> str:
        """Which version of its files it is, where the fingerprint names only a hub id; "" where nothing is known."""
        ...


class KeptModel:
    """Answers of `model` come from a file where it has them; the others are put there, window by window.

    A window is kept as a whole before any of its answers is handed out. So a run that was killed forms the same
    windows of what is left, and ends in the same answers as one that was not.
    """

    def __init__(self, model: Local, file: Path | None = None, backend: str = "transformers") -> None:
        """`file` is by default the one in the user's cache folder; `backend` is whose option names another."""
        self.model = model
        self.name = model.name
        self._file, self._backend = file, backend

    @property
    def context_length(self) -> int | None:
        """The model's."""
        return self.model.context_length

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's."""
        return self.model.tokenizer

    def fingerprint(self) -> str:
        """The model's."""
        return self.model.fingerprint()

    def check(self) -> None:
        """The model's."""
        check(self.model)

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        """One answer for each prompt. `InparsError` also where the file that was named cannot be used."""
        try:
            _ = self._cache
        except InparsError as error:
            if self._file is not None:
                raise
            say(f"{error.message}: answers are not kept, and a kill loses what was written since the last unit")
            yield from self.model.complete(prompts, sampling)
            return
        requests: dict[str, str] = {}

        def known() -> Iterator[Prompt | Answer]:
            for prompt in prompts:
                request = self._request(prompt, sampling)
                if found := self._cache.get(request):
                    yield _read(prompt.key, found[0])
                else:
                    # Of two prompts with one key that differ, none can be told from the other's answer.
                    requests[prompt.key] = request if requests.get(prompt.key, request) == request else ""
                    yield prompt

        for window in self.model.windows(known(), sampling):
            answers = list(window)
            new = [(requests.pop(answer.key, ""), answer) for answer in answers if not answer.reused]
            if good := [(request, _written(answer)) for request, answer in new if request and not answer.error]:
                self._cache.put(good)
            yield from answers

    @cached_property
    def _cache(self) -> AnswerCache:
        return AnswerCache(Database(cache_path(self._file), self._backend))

    @cached_property
    def _identity(self) -> list[str | int]:
        return [_VERSION, self._backend, self.model.fingerprint(), self.model.version]

    def _request(self, prompt: Prompt, sampling: Sampling) -> str:
        """The hash of all that an answer depends on."""
        turns = [tuple(message) for message in prompt.messages]
        return hash_of([*self._identity, prompt.key, prompt.text, turns, asdict(sampling)])


def keep_answers(model: Local, file: str, backend: str) -> LanguageModel:
    """`model` with its answers kept in `file`, by default the one in the user's cache folder; as is for "none"."""
    return model if file == NOWHERE else KeptModel(model, Path(file) if file else None, backend)


def not_kept(model: LanguageModel) -> LanguageModel:
    """The model itself, which answers anew whatever was kept."""
    return model.model if isinstance(model, KeptModel) else model


def _written(answer: Answer) -> bytes:
    return orjson.dumps({name: value for name, value in asdict(answer).items() if name not in _ABOUT_THE_CALL})


def _read(key: str, content: bytes) -> Answer:
    values: dict[str, Any] = orjson.loads(content)
    completions = [Completion(**completion) for completion in values.pop("completions")]
    return Answer(key, completions, requests=0, reused=True, **values)

"""A language model as a judge of queries and documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from inpars.data.hashes import hash_of
from inpars.errors import OptionError
from inpars.models.judges.options import JudgingOptions
from inpars.models.judges.prompt import JudgingPrompt, load_prompt
from inpars.models.judges.reading import Unreadable, read_criteria, read_grade
from inpars.models.language.base import Answer, LanguageModel, Prompt, Sampling, batches, check
from inpars.models.language.thoughts import after_thoughts
from inpars.models.language.unanswered import ending, why_empty, why_unfinished

T = TypeVar("T")

DOCUMENT_FLOOR = 16
"""Tokens of the document that there must be room for."""

# Special tokens, and what a chat's turns are wrapped in.
_AROUND_A_TURN = 8

AGAIN = 0.7
"""The temperature of every attempt but the first: greedily a model would say the same again."""


class Judge:
    """Asks a language model about pairs `(query, document text)`, at temperature 0.

    `again` says for each pair in how many earlier runs there was no verdict. What the model says first
    that can be read is the verdict: greedily, else at a temperature, once for each of those runs and
    each time with another seed. So what is said of a pair does not hang on the others, and of all the
    attempts a request cache lacks the last alone.

    Only the document is ever cut: to `max_doc_length` tokens, and to what the model's context has
    room for. What was asked is not remembered here; the models' own cache of answers does that.
    """

    def __init__(self, model: LanguageModel, options: JudgingOptions) -> None:
        self.model, self.options = model, options
        self.usage: Counter[str] = Counter()
        """Tokens, requests and dollars so far, by name; dollars only where a price is known."""

    @property
    def batches(self) -> bool:
        """Whether the model answers nothing before all that it is asked at once is done."""
        return batches(self.model)

    def grades(self, pairs: Sequence[tuple[str, str]], again: Sequence[int] = ()) -> list[int | Unreadable]:
        """How well each document answers its query, from 0 (not at all) to 3 (fully).

        The scale of UMBRELA (Upadhyay et al. 2024, arXiv 2406.06519). An answer without exactly one
        grade, and one that was cut off or never came, is `Unreadable`.
        """
        prompt = load_prompt(self.options.prompt, "grade")
        return self._ask(prompt, {}, pairs, again, lambda answer: read_grade(answer, prompt.reads))

    def criteria(
        self, pairs: Sequence[tuple[str, str]], criteria: Sequence[str], again: Sequence[int] = ()
    ) -> list[dict[str, bool] | Unreadable]:
        """Whether each of `criteria` holds for each pair, all of them asked in one call a pair.

        A criterion is a name that the prompt knows (`answerable`, `specific`, `standalone`,
        `natural`) or one's own as "name: statement". An answer that leaves one out, or does not say
        yes or no to it once, is `Unreadable`. `OptionError` for criteria that cannot be asked.
        """
        prompt = load_prompt(self.options.prompt, "criteria")
        statements = prompt.statements(criteria)
        return self._ask(prompt, statements, pairs, again, lambda answer: read_criteria(answer, statements))

    def _ask(
        self,
        prompt: JudgingPrompt,
        statements: dict[str, str],
        pairs: Sequence[tuple[str, str]],
        again: Sequence[int],
        read: Callable[[str], T | Unreadable],
    ) -> list[T | Unreadable]:
        room = self._room(prompt, statements)
        found: dict[str, T | Unreadable] = {}

        def prompts(asked: Mapping[str, tuple[str, str]]) -> Iterator[Prompt]:
            for key, (query, document) in asked.items():
                tokens = self._tokens_for(query, room)
                if tokens < min(DOCUMENT_FLOOR, self.options.max_doc_length):
                    found[key] = Unreadable("the query leaves no room for a document in the model's context")
                    continue
                cut = self.model.tokenizer.truncate(document, tokens).rstrip()
                yield prompt.prompt(key, query, cut, statements)

        keys = [_key(query, document) for query, document in pairs]
        times = dict(zip(keys, again or [0] * len(keys), strict=True))
        # Equal pairs have equal keys, and are asked about once.
        unread = dict(zip(keys, pairs, strict=True))
        for attempt in range(max(again, default=0) + 1):
            asked = {key: pair for key, pair in unread.items() if times[key] >= attempt}
            unread = {}
            for answer in self.model.complete(prompts(asked), self._sampling(prompt, attempt)):
                self._count(answer)
                found[answer.key] = said = self._read(answer, read)
                # What a server refused was not answered: the next run asks for the same.
                if isinstance(said, Unreadable) and not answer.error:
                    unread[answer.key] = asked[answer.key]
        return [found[key] for key in keys]

    def _sampling(self, prompt: JudgingPrompt, attempt: int) -> Sampling:
        return Sampling(
            temperature=AGAIN if attempt else 0.0,
            max_new_tokens=self.options.max_new_tokens,
            stop=prompt.stop,
            seed=attempt,
            log_probs=False,
        )

    def _read(self, answer: Answer, read: Callable[[str], T | Unreadable]) -> T | Unreadable:
        if answer.error or not answer.completions:
            return Unreadable(answer.error or "the model gave no answer")
        completion = answer.completions[0]
        most = self.options.max_new_tokens
        if (ended := ending(completion)) == "length":
            return Unreadable(f"cut off after {most} tokens (max_new_tokens)")
        if ended == "filter" or not completion.text.strip():
            return Unreadable(why_empty(completion, most))
        if after_thoughts(completion.text, opened=completion.thinking) is None:
            return Unreadable(why_unfinished(completion, most))
        return read(completion.text)

    def _room(self, prompt: JudgingPrompt, statements: dict[str, str]) -> int | None:
        """Tokens for query and document in the model's context; None where that is not known."""
        if (limit := self.model.context_length) is None:
            return None
        bare = prompt.prompt("", "", "", statements)
        turns = [message.content for message in bare.messages] or [bare.text]
        count = self.model.tokenizer.count
        room = limit - self.options.max_new_tokens - sum(count(turn) + _AROUND_A_TURN for turn in turns)
        if room < min(DOCUMENT_FLOOR, self.options.max_doc_length):
            raise OptionError(
                f"the judge's prompt leaves no room for a document: the model's context is {limit:,} tokens",
                hint="take a model with a longer context, or shorten the answer (max_new_tokens)",
            )
        return room

    def _tokens_for(self, query: str, room: int | None) -> int:
        wanted = self.options.max_doc_length
        return wanted if room is None else min(wanted, room - self.model.tokenizer.count(query))

    def _count(self, answer: Answer) -> None:
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "requests", "cost"):
            if value := getattr(answer, name):
                self.usage[name] += value


def open_judge(options: JudgingOptions, language_model: LanguageModel | None = None) -> Judge:
    """The judge that `options` name, or `language_model`, which is ready, as one.

    Weights are loaded when it is first asked. `OptionError` where there is neither.
    """
    from inpars.models.language import open_language_model

    if language_model is None:
        options.check()
        language_model = open_language_model(options.model, options)
        check(language_model)
    return Judge(language_model, options)


def _key(query: str, document: str) -> str:
    return hash_of([query, document])

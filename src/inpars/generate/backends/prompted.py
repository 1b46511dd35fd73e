"""Queries from a language model: documents go in as prompts, answers come out as queries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from inpars.data.fewshot import Example
from inpars.data.hashes import hash_of
from inpars.data.records import Document, SyntheticQuery
from inpars.data.unusable import Fault, fault_of, without_document
from inpars.generate.backends import AGAIN, Written
from inpars.generate.config import GenerateConfig
from inpars.generate.prompts.prompter import Prompter, Rendered
from inpars.generate.prompts.reading import Malformed, Reading, read
from inpars.generate.prompts.template import Template
from inpars.models.language.base import Answer, Completion, LanguageModel, Sampling
from inpars.models.language.unanswered import ending, why_empty, why_unfinished


class Prompted:
    """Prompts `model` with `template` and `examples`, and reads queries from what it answers."""

    def __init__(
        self, config: GenerateConfig, model: LanguageModel, template: Template, examples: list[Example]
    ) -> None:
        self.config = config
        self.model = model
        self.template = template
        self.examples = examples
        self.reused = 0
        """Answers so far that were kept from before."""
        self.inputs = {
            "model": model.fingerprint(),
            "prompt": hash_of(template.identity()),
            "fewshot": hash_of([example.to_row() for example in examples]),
        }
        self.sampling = Sampling(
            n=config.queries_per_document,
            temperature=config.temperature,
            top_p=config.top_p,
            max_new_tokens=config.max_new_tokens,
            stop=template.stop,
            seed=config.seed,
        )

    def prompter(self) -> Prompter:
        """What turns documents into prompts, with this model's tokens and limits."""
        config = self.config
        return Prompter(
            self.template,
            self.examples,
            self.model.tokenizer,
            max_doc_length=config.max_doc_length,
            max_query_length=config.max_query_length,
            max_prompt_length=config.max_prompt_length,
            max_new_tokens=config.max_new_tokens,
            context_length=self.model.context_length,
            query_form=config.query_form,
            shuffle=config.shuffle_examples,
            seed=config.seed,
        )

    def write(self, documents: Iterable[Document]) -> Iterator[Written]:
        """One `Written` for each document, as the model answers."""
        prompter = self.prompter()
        asked: dict[str, tuple[Document, Rendered]] = {}

        def prompts() -> Iterator[Any]:
            for document in documents:
                rendered = prompter.prompt(document)
                asked[document.doc_id] = document, rendered
                yield rendered.prompt

        for answer in self.model.complete(prompts(), self.sampling):
            self.reused += answer.reused
            yield self._written(answer, *asked.pop(answer.key))

    def _written(self, answer: Answer, document: Document, rendered: Rendered) -> Written:
        written = Written(document.doc_id, error=answer.error, usage=_usage(answer, rendered))
        seen: set[str] = set()
        for completion in answer.completions:
            reading = self._read(completion)
            if isinstance(reading, Malformed):
                reason = reading.reason
            elif reading.query in seen:
                reason = AGAIN
            else:
                seen.add(reading.query)
                written.queries.append(self._query(reading, completion, document, rendered))
                if fault := _fault(reading, completion, document, rendered):
                    written.usage[fault] = written.usage.get(fault, 0) + 1
                continue
            row = {"doc_id": document.doc_id, "reason": reason, "completion": completion.text or completion.refusal}
            written.dropped.append(row | {"finish_reason": completion.finish_reason})
        return written

    def _read(self, completion: Completion) -> Reading | Malformed:
        most, ended = self.config.max_new_tokens, ending(completion)
        if ended == "filter" or not completion.text.strip():
            return Malformed(why_empty(completion, most))
        reading = read(self.template, completion.text, thinking=completion.thinking, cut_off=ended == "length")
        if isinstance(reading, Malformed) and reading.unfinished:
            return Malformed(why_unfinished(completion, most))
        return reading

    def _query(
        self, reading: Reading, completion: Completion, document: Document, rendered: Rendered
    ) -> SyntheticQuery:
        extra: dict[str, Any] = dict(reading.extra)
        if completion.reasoning:
            extra.setdefault("reasoning", completion.reasoning)
        if not self.config.store_prompts:
            extra["prompt_hash"] = hashlib.sha256(rendered.text.encode()).hexdigest()[:16]
        return SyntheticQuery(
            query=reading.query,
            doc_id=document.doc_id,
            doc_text=document.contents,
            log_probs=log_probs_of(completion, reading.start, reading.end),
            finish_reason=completion.finish_reason,
            prompt_text=rendered.text if self.config.store_prompts else "",
            fewshot_examples=[example.query_id for example in self.examples if example.query_id],
            generator=self.model.name,
            extra=extra,
        )


def _fault(reading: Reading, completion: Completion, document: Document, rendered: Rendered) -> Fault | None:
    """What is wrong with a query. One that more words come after is whole, wherever these were cut off."""
    more = any(character.isalnum() for character in completion.text[reading.end :])
    return fault_of(
        reading.query,
        without_document(rendered.text, document.contents),
        document.contents,
        cut_off=ending(completion) == "length" and not more,
    )


def log_probs_of(completion: Completion, start: int, end: int) -> list[float] | None:
    """The log-probabilities of the tokens that have a part in `completion.text[start:end]`."""
    if completion.log_probs is None:
        return None
    chosen, place = [], 0
    for token, log_prob in zip(completion.tokens, completion.log_probs, strict=True):
        if place < end and place + len(token) > start:
            chosen.append(log_prob)
        place += len(token)
    return chosen


def _usage(answer: Answer, rendered: Rendered) -> dict[str, float]:
    usage: dict[str, float] = {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "cached_tokens": answer.cached_tokens,
        "requests": answer.requests,
        "truncated": int(rendered.truncated),
    }
    if answer.cost is not None:
        usage["cost"] = answer.cost
    return {name: value for name, value in usage.items() if value}

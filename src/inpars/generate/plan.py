"""What a generation will take, before anything is spent on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from inpars.data.corpora import Corpus, open_corpus
from inpars.data.records import Document
from inpars.errors import InparsError
from inpars.generate.backends import Backend, Written
from inpars.generate.backends.choose import choose_backend
from inpars.generate.backends.prompted import Prompted
from inpars.generate.config import GenerateConfig
from inpars.generate.eligible import eligible
from inpars.models.language.base import LanguageModel, Priced
from inpars.models.language.kept import not_kept
from inpars.options import parse_options


@dataclass(frozen=True)
class Plan:
    """An estimate. Numbers are for the whole generation; None where there is nothing to go by.

    `prompt_tokens` is measured on `sampled` documents, with the model's own tokenizer where
    `exact_tokens`. `completion_tokens` and `seconds` are measured on `probed` documents;
    `most_completion_tokens` is what they can come to. Money is in dollars, `most_cost` with every
    answer of full length.
    """

    documents: int
    queries: int
    requests: int
    sampled: int
    probed: int
    exact_tokens: bool
    prompt_tokens: int | None
    completion_tokens: int | None
    most_completion_tokens: int | None
    truncated: int
    seconds: float | None
    cost: float | None
    most_cost: float | None
    disk_bytes: int


def plan(
    corpus: str | Path | Corpus,
    *,
    language_model: LanguageModel | None = None,
    sample: int = 200,
    probe: int | None = None,
    **options: Any,
) -> Plan:
    """Estimate what `generate` with these `options` takes. `sample` documents are put into prompts and counted.

    `probe` of them are really asked: by default 16 where the model runs here, none where answers
    may cost money. What an endpoint answers is kept in the request cache, so that it is paid once. Without a probe
    nothing is sent, and no key is needed.
    """
    config = parse_options(GenerateConfig, "plan", options)
    corpus = open_corpus(corpus)
    backend = choose_backend(corpus, config, language_model)
    if isinstance(backend, Prompted):
        # Only what is really asked now can be timed; kept, it would cut the windows of the generation elsewhere.
        backend.model = not_kept(backend.model)
    paid = isinstance(backend, Prompted) and isinstance(backend.model, Priced)
    shown = {example.doc_id for example in backend.examples} if isinstance(backend, Prompted) else set()
    documents = min(sum(1 for _ in eligible(corpus, config, shown)), config.max_generations)
    if not documents:
        raise InparsError("no document to write queries for", hint="look at --min-doc-chars and --max-doc-chars")
    sampled = list(islice(eligible(corpus, config, shown), min(sample, documents)))
    asked = sampled[: (0 if paid else 16) if probe is None else probe]
    written, seconds = _probe(backend, asked)
    return _estimate(config, backend, documents, sampled, written, seconds, paid)


def _probe(backend: Backend, documents: list[Document]) -> tuple[list[Written], float | None]:
    """What some documents give, and the seconds for each of them once everything is loaded."""
    if not documents:
        # A model that is asked nothing may still want its key.
        return [], None
    if len(documents) < 2:
        return list(backend.write(documents)), None
    first = list(backend.write(documents[:1]))
    started = time.perf_counter()
    rest = list(backend.write(documents[1:]))
    return first + rest, (time.perf_counter() - started) / len(rest)


def _estimate(
    config: GenerateConfig,
    backend: Backend,
    documents: int,
    sampled: list[Document],
    written: list[Written],
    seconds: float | None,
    paid: bool,
) -> Plan:
    queries = documents * config.queries_per_document
    found = [query for each in written for query in each.queries]
    if written:
        queries = round(documents * len(found) / len(written))
    if found:
        row_bytes = fmean(len(orjson.dumps(query.to_row())) for query in found)
    else:
        row_bytes = fmean(len(document.contents.encode()) for document in sampled) + 8 * config.max_new_tokens
    tokens = truncated = new = most_new = cost = most_cost = None
    exact = False
    if isinstance(backend, Prompted):
        tokenizer, prompter = backend.model.tokenizer, backend.prompter()
        exact = tokenizer.exact
        rendered = [prompter.prompt(document) for document in sampled]
        tokens = round(documents * fmean(tokenizer.count(each.text) for each in rendered))
        truncated = round(documents * fmean(each.truncated for each in rendered))
        most_new = documents * config.queries_per_document * config.max_new_tokens
        if written:
            new = round(documents * fmean(each.usage.get("completion_tokens", 0) for each in written))
        if config.store_prompts and not found:
            row_bytes += fmean(len(each.text.encode()) for each in rendered)
        price = backend.model.price if isinstance(backend.model, Priced) else None
        if price is not None:
            batch = config.openai.batch_api
            most_cost = price.cost(tokens, most_new, batch=batch)
            cost = price.cost(tokens, new, batch=batch) if new is not None else None
    return Plan(
        documents=documents,
        queries=queries,
        requests=documents if paid else 0,
        sampled=len(sampled),
        probed=len(written),
        exact_tokens=exact,
        prompt_tokens=tokens,
        completion_tokens=new,
        most_completion_tokens=most_new,
        truncated=truncated or 0,
        seconds=None if seconds is None else seconds * documents,
        cost=cost,
        most_cost=most_cost,
        disk_bytes=round(queries * row_bytes),
    )


def told(plan: Plan) -> Iterator[tuple[str, str]]:
    """The plan in words, as rows of what and how much."""
    yield "documents", f"{plan.documents:,}"
    yield "queries", f"about {plan.queries:,}" if plan.probed else f"at most {plan.queries:,}"
    if plan.prompt_tokens is not None:
        yield "prompts", f"{plan.documents:,}"
        how = f"measured on {plan.sampled:,} documents" if plan.exact_tokens else "estimated without the tokenizer"
        yield "tokens in", f"about {plan.prompt_tokens:,}, {how}"
        if plan.truncated:
            yield "truncated", f"about {plan.truncated:,} documents"
        most = f"at most {plan.most_completion_tokens:,}"
        if plan.completion_tokens is not None:
            most = f"about {plan.completion_tokens:,}, measured on {plan.probed:,} documents; {most}"
        yield "tokens out", most
    if plan.requests:
        yield "requests", f"{plan.requests:,}, but for those answered before"
        if plan.most_cost is None:
            yield "cost", "unknown: --openai.prices FILE gives the price of tokens"
        else:
            about = f"about ${plan.cost:,.2f}; " if plan.cost is not None else ""
            yield "cost", f"{about}at most ${plan.most_cost:,.2f}"
    if plan.seconds is not None:
        yield "time", f"about {_span(plan.seconds)}, measured on {plan.probed:,} documents"
    elif plan.requests:
        yield "time", "unknown: --probe N asks N documents"
    yield "disk", f"about {_size(plan.disk_bytes)}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"

"""`inpars v1 generate`: a question for each document of a collection, appended to one file."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pydantic import Field

from inpars.data.artifacts import side_file, sidecar
from inpars.data.corpora import Corpus, open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.files import read_jsonl
from inpars.data.lock import lock_of, locks_released, take_lock
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document
from inpars.drop_in.outputs import check_places
from inpars.drop_in.v1.engine import open_engine, write_prompt
from inpars.drop_in.v1.rows import append, doc_ids, to_v1
from inpars.errors import NothingProduced
from inpars.generate import generate
from inpars.generate.outcome import no_queries
from inpars.models.language.base import LanguageModel
from inpars.models.language.likelihood import text_log_probs
from inpars.models.language.options import OpenAIOptions, TransformersOptions, VllmOptions
from inpars.options import Options
from inpars.progress import say

WINDOW = 1000
"""Documents between two times that the output grows."""

# v1 sent documents whole; so do we as far as Curie's context went, less where a model has less room than it.
_CONTEXT, _WHOLE, _SHORT = 2048, 1024, 256


class GenerateFlags(Options):
    """Flags of generate_queries_openai.py."""

    collection: str = Field(description="Documents: v1's TSV (id, text), or any corpus of ours.")
    output: Path = Field(description="JSONL file to append to; documents that it has are not answered for again.")
    engine: str = Field("curie", description="Language model: openai:NAME, a hub id, a path, vllm:NAME or dummy.")
    prompt_template: str = Field(
        "", description="Prompt: a text file with {document_text}, or a name (`inpars prompts`); by default v1's own."
    )
    max_examples: int = Field(100_000, ge=1, description="Documents asked for, those in the output included.")
    max_tokens: int = Field(64, ge=1, description="Most tokens of an answer.")
    temperature: float = Field(0.0, ge=0, description="Sampling temperature; 0 is greedy.")
    top_p: float = Field(1.0, gt=0, le=1, description="Sample among the likeliest tokens of this probability in all.")
    min_doc_chars: int = Field(0, ge=0, description="Leave out documents shorter than this.")
    max_doc_chars: int = Field(100_000, ge=0, description="Leave out documents longer than this.")
    sleep_time: float | None = Field(
        None, ge=0, description="Seconds from one request to the next; by default none are waited, v1 waited 1.5."
    )
    good_bad: bool = Field(False, description="Ask for a good question and a bad one (Guided by Bad Questions).")
    include_doc_probs: bool = Field(False, description="Keep the log-probabilities of the document's own tokens too.")
    openai: OpenAIOptions = Field(default_factory=OpenAIOptions, description="Options of the openai backend.")
    transformers: TransformersOptions = Field(
        default_factory=TransformersOptions, description="Options of the transformers backend."
    )
    vllm: VllmOptions = Field(default_factory=VllmOptions, description="Options of the vllm backend.")


@locks_released()
def run(flags: GenerateFlags) -> Path:
    """Ask for the documents that the output lacks, in the collection's order; returns the output.

    The output grows by a thousand documents at a time. In between, work lies in `.<name>.v1/` beside
    it, where the same command takes it up after a kill. `<stem>.dropped.jsonl` has the documents
    whose answer held no question, `<stem>.errors.jsonl` those to be tried again by the next call.
    """
    check_places((flags.collection, flags.prompt_template), flags.output)
    flags = _paced(flags)
    model = open_engine(flags.engine, flags)
    corpus, output = open_corpus(flags.collection), flags.output
    folder = output.with_name(f".{output.name}.v1")
    output.parent.mkdir(parents=True, exist_ok=True)
    take_lock(lock_of(output), output)
    dropped, errors = (side_file(output, part) for part in ("dropped", "errors"))
    answered = doc_ids(output)
    done = answered | doc_ids(dropped)
    errors.unlink(missing_ok=True)
    prompt = write_prompt(flags.prompt_template, flags.good_bad, folder)
    # A batch of the Batch API is handed over as a whole.
    size = None if flags.openai.batch_api else WINDOW
    left = _left(corpus, flags, done)
    counts = {"questions": 0, "dropped": 0, "errors": 0}
    while window := list(islice(left, size)):
        work = _ask(window, corpus.name, model, prompt, folder / "questions.jsonl", flags)
        counts["questions"] += append(output, _rows(work, window, model, flags.include_doc_probs))
        for path, part in ((dropped, "dropped"), (errors, "errors")):
            side = side_file(work, part)
            counts[part] += append(path, (row for _, row in read_jsonl(side)) if side.exists() else ())
        # All of it is in the output now: the next window need not set it aside.
        for done_with in (work, sidecar(work)):
            done_with.unlink()
    shutil.rmtree(folder)
    told = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number or what == "questions")
    say(f"v1 generate: {told} added, {len(done):,} documents were done before -> {output}")
    if counts["errors"]:
        if not answered and not counts["questions"]:
            raise no_queries(len(done) + counts["dropped"] + counts["errors"], errors, dropped, by_model=True)
        say(f"v1 generate: the errors are in {errors}; the same command tries those documents again")
    return output


def _paced(flags: GenerateFlags) -> GenerateFlags:
    """The flags with `sleep_time` as the most requests a minute."""
    if not flags.sleep_time or flags.openai.requests_per_minute:
        return flags
    pace = {"requests_per_minute": max(1, round(60 / flags.sleep_time))}
    return flags.model_copy(update={"openai": flags.openai.model_copy(update=pace)})


def _left(corpus: Corpus, flags: GenerateFlags, done: set[str]) -> Iterator[Document]:
    """The documents to ask for: the first ones that are long enough, not too long, and not done."""
    wanted = flags.max_examples - len(done)
    fit = (d for d in corpus if max(1, flags.min_doc_chars) <= len(d.contents) <= flags.max_doc_chars)
    yield from islice((document for document in fit if document.doc_id not in done), max(0, wanted))


def _ask(
    window: list[Document], name: str, model: LanguageModel, prompt: Path, work: Path, flags: GenerateFlags
) -> Path:
    """The stage over one window of documents. One without any question is no reason to stop."""
    with contextlib.suppress(NothingProduced):
        generate(
            MemoryCorpus(window, name),
            work,
            language_model=model,
            prompt=str(prompt),
            fewshot="none",
            max_generations=len(window),
            max_doc_length=_WHOLE if (model.context_length or _CONTEXT) >= _CONTEXT else _SHORT,
            max_prompt_length=_CONTEXT,
            max_new_tokens=flags.max_tokens,
            temperature=flags.temperature,
            top_p=flags.top_p,
            store_prompts=False,
            # As InPars v1, whatever a model writes.
            max_unusable=1.0,
            unit_size=100,
        )
    return work


def _rows(work: Path, window: list[Document], model: LanguageModel, doc_probs: bool) -> Iterator[dict[str, object]]:
    """v1's rows in the collection's order."""
    if not work.stat().st_size:
        return
    found = {query.doc_id: query for query in read_synthetic_queries(work)}
    queries = [found[document.doc_id] for document in window if document.doc_id in found]
    if all(query.log_probs is None for query in queries):
        say(f"v1 generate: {model.name} tells no log-probabilities, by which v1's filter chooses")
    likelihoods = text_log_probs(model, {q.doc_id: q.doc_text for q in queries}) if doc_probs else {}
    for query in queries:
        if query.doc_id in likelihoods:
            query.extra["doc_log_probs"] = likelihoods[query.doc_id]
        yield to_v1(query)

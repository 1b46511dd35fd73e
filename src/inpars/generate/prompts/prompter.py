"""Documents put into a template, within a model's limits, so that nothing but documents is ever cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inpars.data.fewshot import Example
from inpars.data.records import Document
from inpars.data.seeds import generator
from inpars.errors import OptionError, unknown_name
from inpars.generate.prompts.library import builtin_templates
from inpars.generate.prompts.template import Template, fill
from inpars.models.language.base import Message, Prompt, Tokenizer

EXAMPLE_FLOOR = 32
"""Tokens that an example's document keeps, however little room there is."""

DOCUMENT_FLOOR = 16
"""Tokens of the document that there must be room for."""

MIXED = "mixed"
"""In place of a form: each document's is drawn."""

# Special tokens, and what a chat's turns are wrapped in.
_AROUND_A_TURN = 8


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt, what it reads as (turns of a chat are named by role), and whether its document was cut."""

    prompt: Prompt
    text: str
    truncated: bool


@dataclass(frozen=True, slots=True)
class _Frame:
    """All of a prompt but its document: the turns before the last one, and the last one around the document."""

    turns: tuple[Message, ...]
    before: str
    after: str


class Prompter:
    """Puts documents into `template`, each after the same `examples` (by default the template's own).

    Lengths are in tokens of `tokenizer`. Documents and queries of the dataset's examples are cut to
    `max_doc_length` and `max_query_length`, the target document to `max_doc_length`; the examples
    that a template brings along stay as published. Prompt and answer together stay within
    `max_prompt_length` and the model's `context_length`: where they would not, the examples' documents
    are shortened, the longest first, down to 32 tokens; then the target document. Header, cues and
    queries are never cut. With `shuffle` the examples stand in an order of their own for each
    document, drawn by `seed` and its id, as in Promptagator (Dai et al. 2022). With the `query_form` "mixed" so is
    the form that is asked for.

    Raises `OptionError` where the template cannot ask for `query_form`, lacks bad queries that it
    shows, or leaves no room for a document.
    """

    def __init__(
        self,
        template: Template,
        examples: Sequence[Example],
        tokenizer: Tokenizer,
        *,
        max_doc_length: int,
        max_query_length: int,
        max_prompt_length: int,
        max_new_tokens: int,
        context_length: int | None = None,
        query_form: str = "",
        shuffle: bool = False,
        seed: int = 1,
    ) -> None:
        self.template = template
        self._tokenizer = tokenizer
        self._forms = _forms(template, query_form)
        self._shuffle = shuffle
        self._seed = seed
        if template.takes_examples and examples:
            self._examples = [
                Example(
                    example.query_id,
                    example.doc_id,
                    self._cut(example.query, max_query_length)[0],
                    self._cut(example.document, max_doc_length)[0],
                    self._cut(example.bad_query, max_query_length)[0],
                )
                for example in examples
            ]
        else:
            self._examples = [Example("", "", own.query, own.document, own.bad_query) for own in template.examples]
        # An example keeps its form whatever form is asked for; those of the dataset have none of their own.
        own_forms = zip(template.examples, template.example_forms, strict=False)
        self._form_of = {own.query: template.forms[form] for own, form in own_forms}
        self._check_bad_queries()
        limit = min(max_prompt_length, context_length or max_prompt_length)
        self._room = self._make_room(limit - max_new_tokens, max_doc_length)
        if self._room < min(DOCUMENT_FLOOR, max_doc_length):
            raise self._too_long(limit, max_prompt_length, max_new_tokens)
        self._frames = {form: self._framed(self._examples, form) for form in self._forms}

    def prompt(self, document: Document) -> Rendered:
        """The prompt for `document`, its key the document's id. Runs of white space become single blanks."""
        form = self._forms[0]
        if len(self._forms) > 1:
            form = self._forms[generator(self._seed, "form", document.doc_id).integers(len(self._forms))]
        frame = self._frames[form]
        if self._shuffle:
            order = generator(self._seed, "examples", document.doc_id).permutation(len(self._examples))
            frame = self._framed([self._examples[place] for place in order], form)
        contents, truncated = self._cut(document.contents, self._room)
        last = f"{frame.before}{contents}{frame.after}"
        if self.template.style == "completion":
            return Rendered(Prompt(document.doc_id, text=last), last, truncated)
        messages = (*frame.turns, Message("user", last))
        text = "\n\n".join(f"{role}: {content}" for role, content in messages)
        return Rendered(Prompt(document.doc_id, messages=messages), text, truncated)

    def _cut(self, text: str, tokens: int) -> tuple[str, bool]:
        """The beginning of `text` on one line, and whether anything is missing."""
        line = " ".join(text.split())
        cut = self._tokenizer.truncate(line, tokens).rstrip()
        return cut, len(cut) < len(line)

    def _framed(self, examples: Sequence[Example], form: str) -> _Frame:
        template = self.template
        header = fill(template.header, form=form).strip()
        shown = [
            {
                "document": example.document,
                "query": example.query,
                "bad_query": example.bad_query,
                "number": str(number),
                "form": self._form_of.get(example.query, form),
            }
            for number, example in enumerate(examples, start=1)
        ]
        # Split before anything is filled in: an example or a form may speak of {document} itself.
        before, after = (
            fill(part, number=str(len(examples) + 1), form=form) for part in template.asks.split("{document}")
        )
        if template.style == "chat":
            turns = [Message("system", header)] if header else []
            for values in shown:
                turns += [Message("user", fill(template.asks, **values))]
                turns += [Message("assistant", fill(template.answers, **values))]
            return _Frame(tuple(turns), before, after)
        blocks = [
            *([header] if header else []),
            *(fill(template.pattern.rstrip(), **values) for values in shown),
            before,
        ]
        return _Frame((), template.separator.join(blocks), after)

    def _make_room(self, limit: int, wanted: int) -> int:
        """Tokens for the target document, at most `wanted`, the examples' documents shortened where they must be."""
        count = self._tokenizer.count
        without = [replace(example, document="") for example in self._examples]
        bare = [self._framed(without, form) for form in self._forms]
        turns = [[*(turn.content for turn in frame.turns), f"{frame.before}{frame.after}"] for frame in bare]
        left = limit - max(sum(count(turn) + _AROUND_A_TURN for turn in frame) for frame in turns)
        lengths = [count(example.document) for example in self._examples]
        longest = max(lengths, default=0)
        while longest > EXAMPLE_FLOOR and left - sum(min(length, longest) for length in lengths) < wanted:
            longest -= 1
        self._examples = [
            replace(example, document=self._tokenizer.truncate(example.document, longest).rstrip())
            if length > longest
            else example
            for example, length in zip(self._examples, lengths, strict=True)
        ]
        return min(wanted, left - sum(min(length, longest) for length in lengths))

    def _check_bad_queries(self) -> None:
        lacking = [example for example in self._examples if not example.bad_query]
        if lacking and "{bad_query}" in self.template.pattern:
            raise OptionError(
                f"the prompt {self.template.name!r} shows a bad query with each example; "
                f"there is none for {lacking[0].query!r}",
                hint="give each example a bad_query, or choose a prompt without them",
            )

    def _too_long(self, limit: int, max_prompt_length: int, max_new_tokens: int) -> OptionError:
        ways = ["shorten the answer (--max-new-tokens)"]
        if self._examples:
            ways.insert(0, "take fewer examples (--n-fewshot-examples) or another prompt")
        if limit == max_prompt_length:
            ways.insert(0, "allow more (--max-prompt-length)")
        else:
            ways.insert(0, "take a model with a longer context")
        whose = "--max-prompt-length" if limit == max_prompt_length else "the model's context"
        taken = limit - max_new_tokens - self._room
        return OptionError(
            f"the prompt {self.template.name!r} leaves no room for a document: it takes {taken:,} tokens without one, "
            f"the answer {max_new_tokens:,}, and {whose} is {limit:,}",
            hint="; or ".join(ways),
        )


def _forms(template: Template, query_form: str) -> tuple[str, ...]:
    """What `{form}` may say: one text, or for `mixed` that of each form."""
    if not query_form:
        return (template.forms.get("default", "{form}"),)
    if not template.forms:
        able = [name for name, known in builtin_templates().items() if _can_ask(known, query_form)]
        raise OptionError(
            f"the prompt {template.name!r} cannot ask for a form of query, such as {query_form!r}",
            hint=f"prompts that can: {', '.join(able)}" if able else "leave out --query-form",
        )
    if not _can_ask(template, query_form):
        raise unknown_name(f"query form of the prompt {template.name!r}", query_form, [*template.forms, MIXED])
    if query_form == MIXED:
        return tuple(text for form, text in template.forms.items() if form != "default")
    return (template.forms[query_form],)


def _can_ask(template: Template, query_form: str) -> bool:
    return query_form in template.forms or bool(query_form == MIXED and template.forms)

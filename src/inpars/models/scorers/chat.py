"""What an LLM reranker is asked: its own chat template, or a published one where it brings none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from inpars.errors import InparsError
from inpars.models.language.chats import without_system_turn
from inpars.models.scorers.tokens import PairTokens, Tokens

LONGEST = 8192
"""Tokens of the longest input: what Qwen3-Reranker was trained to read, where a model has positions for more."""

INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"

# The wording of Qwen3-Reranker (Zhang et al. 2025, arXiv 2506.05176); "yes" and "no" are LogitScore's words too.
_TASK = (
    "Judge whether the Document meets the requirements based on the Query and the Instruct provided. "
    'Note that the answer can only be "yes" or "no".'
)
_QUESTION = "<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {document}"
_CHATML = (
    f"<|im_start|>system\n{_TASK}<|im_end|>\n<|im_start|>user\n{_QUESTION}<|im_end|>\n"
    "<|im_start|>assistant\n<think>\n\n</think>\n\n"
)
_PLAIN = f"{_TASK}\n\n{_QUESTION}\n\nAnswer:\n"

# Stand in for texts while a template is rendered; templates trim white space and little else.
_MARKS = {"instruction": "inpars7instruction", "query": "inpars7query", "document": "inpars7document"}


def give_template(model: Any, own: bool) -> None:
    """Make sure that a CrossEncoder over a causal language model has a chat template for a query and a document.

    With `own` the model was saved as a reranker and is left as it is. Any other checkpoint keeps a
    template that speaks of documents. Else it gets Qwen3-Reranker's prompt, in the turns of its own
    template where it has one. The template is set on the model, so that it is saved with it.
    """
    transformer, tokenizer = model[0], model.tokenizer
    template = getattr(transformer.processor, "chat_template", None)
    if own or ("document" in str(template or "") and transformer.input_formatter.pair_roles_failure() is None):
        return
    transformer.processor.chat_template = _as_template(_in_own_turns(tokenizer) if template else _published(tokenizer))
    transformer.input_formatter.message_format = "flat"
    transformer.modality_config["message"] = {"method": "forward", "method_output_name": "logits", "format": "flat"}
    transformer.input_formatter.supported_modalities = list(transformer.modality_config)


def tokens_of(model: Any, instruction: str | None = None) -> PairTokens:
    """What turns pairs of texts into the inputs of a CrossEncoder over a causal language model.

    `instruction` takes the place of the one the model was saved with.
    """
    kind = ChatTokens if "message" in model[0].modality_config else SegmentTokens
    return kind(model, instruction)


class SegmentTokens(PairTokens):
    """Of a reranker that was saved without a chat template: the tokenizer's own pair, an instruction before it."""

    def __init__(self, model: Any, instruction: str | None = None) -> None:
        super().__init__(model.tokenizer, _max_length(model), positions=_positions(model))
        self._space = (_instruction(model, instruction) or "", "")


class ChatTokens(PairTokens):
    """Joins queries and documents as a model's chat template does, without rendering it for every pair.

    The text around the document is tokenised together with the query, and the document apart, of
    which only the end is ever cut.
    """

    def __init__(self, model: Any, instruction: str | None = None) -> None:
        self.head, self.middle, tail = prompt_of(model, instruction)
        self.tokenizer, self.max_length, self._most = model.tokenizer, _max_length(model), _positions(model)
        # White space around the document belongs to the tokens of its first word and of its last sign.
        self._space = ("", self.middle[len(self.middle.rstrip()) :])
        self._blank = tail[: len(tail) - len(tail.lstrip())]
        self._tail, self._rest = self._tokenise([tail, tail.lstrip()], None)
        self.fixed = len(self._tokenise([self.head + self.middle], None)[0]) + len(self._tail)

    def queries(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The tokens of each query with all that stands before the document."""
        after = self.middle.rstrip()
        found = self._tokenise([f"{self.head}{text}{after}" for text in texts], None)
        return [
            ids if len(ids) + len(self._tail) <= self._most else self._cut(text, after)
            for ids, text in zip(found, texts, strict=True)
        ]

    def documents(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The tokens of each document, as many as there may ever be room for."""
        return super().documents([f"{text}{self._blank}" for text in texts])

    def join(self, query: np.ndarray, document: np.ndarray) -> Tokens:
        """The input for one pair."""
        if len(query) + len(document) + len(self._rest) <= self.max_length:
            return Tokens(np.concatenate([query, document, self._rest]))
        room = max(0, self.max_length - len(query) - len(self._tail))
        return Tokens(np.concatenate([query, document[:room], self._tail]))

    def _cut(self, text: str, after: str) -> np.ndarray:
        """A query that fills all positions by itself is cut so that what stands around it is left."""
        head, query, middle = self._tokenise([self.head, text, after], None)
        return np.concatenate([head, query[: max(0, self._most - self.fixed)], middle])


def prompt_of(model: Any, instruction: str | None) -> tuple[str, str, str]:
    """A CrossEncoder's prompt as three texts: before the query, between it and the document, and after."""
    transformer = model[0]
    formatter = transformer.input_formatter
    system = _instruction(model, instruction)
    if failure := formatter.pair_roles_failure():
        raise InparsError(
            f"the chat template of {model.config.name_or_path!r} has no place for a query and a document: {failure}",
            hint="save the model with a chat template for the roles 'query' and 'document'",
        )
    messages = [formatter.pair_to_messages((_MARKS["query"], _MARKS["document"]))]
    if system:
        messages = formatter.prepend_prompt_to_messages(messages, system)
    options = {k: v for k, v in transformer.processing_kwargs.get("chat_template", {}).items() if k != "restore_suffix"}
    text = str(transformer.processor.apply_chat_template(messages[0], tokenize=False, **options))
    head, middle, tail = _split(text, ("query", "document"))
    return head, middle, tail


def _instruction(model: Any, given: str | None) -> str | None:
    told: str | None = given or model.prompts.get(model.default_prompt_name or "")
    return told


def _max_length(model: Any) -> int:
    return min(int(model.max_seq_length or LONGEST), LONGEST)


def _positions(model: Any) -> int:
    return int(getattr(model.config, "max_position_embeddings", None) or LONGEST)


def _published(tokenizer: Any) -> tuple[str, ...]:
    knows_turns = "<|im_start|>" in tokenizer.get_vocab()
    text = _CHATML if knows_turns else _start(tokenizer) + _PLAIN
    return _split(text.format_map(_MARKS), _MARKS)


def _in_own_turns(tokenizer: Any) -> tuple[str, ...]:
    """The published prompt as a turn of a chat, up to where the model answers."""
    question = _QUESTION.format_map(_MARKS)
    turns = [{"role": "system", "content": _TASK}, {"role": "user", "content": question}]
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    try:
        text = tokenizer.apply_chat_template(turns, **options)
    except Exception:  # templates without a system's turn raise whatever their authors wrote
        text = ""
    if _TASK not in text:
        text = tokenizer.apply_chat_template(without_system_turn(turns), **options)
    return _split(text, _MARKS)


def _split(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """The texts around the marks, which must stand in this order, once each."""
    parts = []
    for name in names:
        before, mark, text = text.partition(_MARKS[name])
        parts.append(before)
        if not mark or _MARKS[name] in text:
            raise InparsError(
                f"the model's chat template does not show the {name} once, after what stands before it: {before!r}"
            )
    return (*parts, text)


def _as_template(parts: Sequence[str]) -> str:
    """A Jinja template that says the four texts around instruction, query and document as they stand."""
    a, b, c, d = ("{{ " + ascii(part) + " }}" if part else "" for part in parts)
    role = '{{{{ messages | selectattr("role", "eq", "{}") | map(attribute="content") | first{} }}}}'
    instruction = role.format("system", f" | default({INSTRUCTION!a})")
    return f"{a}{instruction}{b}{role.format('query', '')}{c}{role.format('document', '')}{d}"


def _start(tokenizer: Any) -> str:
    """The token that the tokenizer opens every text with, where it does."""
    ids = tokenizer("a")["input_ids"]
    return str(tokenizer.bos_token) if tokenizer.bos_token_id is not None and ids[0] == tokenizer.bos_token_id else ""

"""How likely a language model finds a text that it is given, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from inpars.errors import InparsError
from inpars.models.language.base import Completion, LanguageModel, Prompt, Sampling
from inpars.models.language.kept import not_kept

_REMOTE = "openai:"
# Longer texts are cut, as they are in prompts.
_LONGEST = 2000


@runtime_checkable
class Reads(Protocol):
    """A model that gives the log-probabilities of a text of ours."""

    def text_log_probs(self, text: str) -> list[float]:
        """The natural logarithm of each token's probability after those before it."""
        ...


def text_log_probs(model: LanguageModel, texts: Mapping[str, str]) -> dict[str, list[float]]:
    """By key, the log-probabilities of each text's tokens, the first of which has none as nothing precedes it.

    A model that runs here reads each text once; an endpoint is asked to echo it (`echo` with
    `logprobs` of the completions API). `InparsError` where the model or its server can do neither.
    """
    model = not_kept(model)
    if isinstance(model, Reads):
        return {key: model.text_log_probs(text) for key, text in texts.items()}
    if not model.name.startswith(_REMOTE):
        raise _cannot(model.name, "it has no such call")
    from inpars.models.language.openai import OpenAIModel

    assert isinstance(model, OpenAIModel)
    if model.options.api == "chat":
        raise _cannot(model.name, "a chat echoes nothing")
    options = model.options.model_copy(
        update={"api": "completions", "batch_api": False, "extra_body": {**model.options.extra_body, "echo": True}}
    )
    echoing = OpenAIModel(model.name.removeprefix(_REMOTE), options)
    cut = {key: model.tokenizer.truncate(text, _LONGEST) for key, text in texts.items()}
    found: dict[str, list[float]] = {}
    # Not every server takes 0 new tokens: the one that comes after the text is left out below.
    for answer in echoing.complete((Prompt(key, text) for key, text in cut.items()), Sampling(max_new_tokens=1)):
        if answer.error:
            raise _cannot(model.name, answer.error)
        found[answer.key] = _of_text(answer.completions[0], cut[answer.key], model.name)
    return found


def _of_text(completion: Completion, text: str, name: str) -> list[float]:
    if completion.log_probs is None or not completion.text.startswith(text):
        raise _cannot(name, "its server does not echo a text with log-probabilities")
    chosen, place = [], 0
    for token, log_prob in zip(completion.tokens, completion.log_probs, strict=True):
        if place < len(text):
            chosen.append(log_prob)
        place += len(token)
    return chosen


def _cannot(name: str, why: str) -> InparsError:
    return InparsError(
        f"{name} does not tell the log-probabilities of a text that it is given: {why}",
        hint="take a model that runs here (a path or a hub id), or a server whose completions know echo with logprobs",
    )

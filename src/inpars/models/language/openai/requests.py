"""From a prompt to the whole request: which call, and every field of its body."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from inpars.data.hashes import hash_of
from inpars.errors import InparsError
from inpars.models.language.base import Prompt, Sampling, Tokenizer
from inpars.models.language.options import OpenAIOptions

Endpoint = Literal["/chat/completions", "/completions"]

# OpenAI takes no more; the others are only cut off here.
_MOST_STOPS = 4


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API, as it is meant: `key` names it by all that the answer depends on."""

    endpoint: Endpoint
    body: dict[str, Any]
    key: str


def make_request(
    base_url: str, model: str, options: OpenAIOptions, prompt: Prompt, sampling: Sampling, *, n: int, again: int = 0
) -> Request:
    """The request for `n` completions of `prompt`; `again` counts how often some were asked for before.

    Fields that would only state a default are left out, as not every server knows them all.
    `InparsError` for a chat prompt where the options force the completions call.
    """
    if prompt.messages and options.api == "completions":
        raise InparsError(
            f"prompt {prompt.key!r} is a chat, which the completions call cannot send",
            hint="use --openai.api chat (or auto), or a prompt template of plain text",
        )
    chat = bool(prompt.messages) or options.api == "chat"
    body: dict[str, Any] = {"model": model}
    if chat:
        turns = prompt.messages or (("user", prompt.text),)
        body["messages"] = [{"role": role, "content": content} for role, content in turns]
    else:
        body["prompt"] = prompt.text
    body |= {"max_tokens": sampling.max_new_tokens, "temperature": sampling.temperature}
    if sampling.top_p != 1.0:
        body["top_p"] = sampling.top_p
    if n > 1:
        body["n"] = n
    if stops := [stop for stop in sampling.stop if stop][:_MOST_STOPS]:
        body["stop"] = stops
    if sampling.temperature > 0 or again:
        body["seed"] = _seed(sampling.seed, prompt.key, again)
    if sampling.log_probs:
        body["logprobs"] = True if chat else 1
    body |= options.extra_body
    endpoint: Endpoint = "/chat/completions" if chat else "/completions"
    return Request(endpoint, body, request_key(base_url, endpoint, body))


def request_key(base_url: str, endpoint: str, body: dict[str, Any]) -> str:
    """SHA-256 of the whole request."""
    return hash_of([base_url, endpoint, body])


def count_tokens(body: dict[str, Any], tokenizer: Tokenizer, most: int) -> int:
    """About how many tokens a request takes at most: its prompt, and `most` for each completion."""
    turns = body.get("messages")
    # Roles and marks take some four tokens a turn in the chat templates of today.
    prompt = sum(tokenizer.count(t["content"]) + 4 for t in turns) if turns else tokenizer.count(body["prompt"])
    return prompt + most * int(body.get("n") or 1)


def _seed(seed: int, key: str, again: int) -> int:
    """A seed that servers can hold in 32 bits with a sign."""
    digest = hashlib.sha256(f"{seed}\0{key}\0{again}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF

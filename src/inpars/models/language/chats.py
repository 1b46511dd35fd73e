"""Chats as the models on this machine read them: in the turns of their own template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inpars.errors import OptionError
from inpars.models.language.base import Message


def write_chat(tokenizer: Any, messages: Sequence[Message], name: str, **form: Any) -> Any:
    """The turns as the tokenizer's chat template writes them, up to where the answer begins.

    A system turn that the template refuses stands at the beginning of the turn after it. `name` is the
    model's, for messages; `form` goes to `apply_chat_template` (`tokenize=False` gives text instead
    of ids). `OptionError` where there is no template, or it takes the turns neither way.
    """
    turns = [message._asdict() for message in messages]
    ways = [turns]
    if turns[0]["role"] == "system" and len(turns) > 1:
        ways.append([{**turns[1], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}, *turns[2:]])
    for way in ways:
        try:
            # Models that can think aloud are asked for the answer alone.
            return tokenizer.apply_chat_template(way, add_generation_prompt=True, enable_thinking=False, **form)
        except Exception as error:  # a template is a program, and each tokenizer refuses in its own way
            refusal = error
    if not getattr(tokenizer, "chat_template", None):
        raise OptionError(
            f"model {name!r} has no chat template, and the prompt is a chat",
            hint="choose a prompt for completion (`inpars prompts` lists them), or an instruction-tuned model",
        )
    raise OptionError(
        f"the chat template of model {name!r} refuses the prompt's turns: {refusal}",
        hint="choose another prompt (`inpars prompts` lists them)",
    )

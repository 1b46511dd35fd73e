"""Chats as models read them: in the turns of their own template, or without the system turn that it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inpars.errors import OptionError
from inpars.models.language.base import Message


def has_system_turn(turns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a chat begins with a system turn that could stand in the turn after it as well."""
    return len(turns) > 1 and turns[0]["role"] == "system"


def without_system_turn(turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The turns with the system's at the beginning of the turn after it, for models that know no system turn."""
    system, first, *others = turns
    return [{**first, "content": f"{system['content']}\n\n{first['content']}"}, *map(dict, others)]


def write_chat(tokenizer: Any, messages: Sequence[Message], name: str, **form: Any) -> Any:
    """The turns as the tokenizer's chat template writes them, up to where the answer begins.

    A system turn that the template refuses stands at the beginning of the turn after it. `name` is the
    model's, for messages; `form` goes to `apply_chat_template` (`tokenize=False` gives text instead
    of ids). `OptionError` where there is no template, or it takes the turns neither way.
    """
    turns = [message._asdict() for message in messages]
    ways = [turns]
    if has_system_turn(turns):
        ways.append(without_system_turn(turns))
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

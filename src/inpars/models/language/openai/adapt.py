"""What a server turns out not to take: fields left out or given their other name, a system turn put elsewhere."""

from __future__ import annotations

import re
import threading
from typing import Any

from inpars.models.language.chats import has_system_turn, without_system_turn
from inpars.models.language.openai.bodies import code_and_message
from inpars.progress import say

REFUSALS = (400, 422, 424, 500, 501)
"""Statuses with which servers refuse a system turn."""

# What an answer can do without: stop strings are cut here too, and missing completions are asked for again.
_OPTIONAL = ("temperature", "top_p", "logprobs", "seed", "stop", "n")
_REFUSAL = re.compile(
    r"unsupported|not supported|(?:doe|i)?s?(?:n't| not) support|unknown|unrecogni[sz]ed|unexpected|"
    r"extra (?:fields|inputs)|not (?:permitted|allowed|available)|strictly positive|must be (?:> ?|greater than )0",
    re.IGNORECASE,
)
# A template is a program, and each refuses a system turn in its own words.
_ABOUT_TURNS = re.compile(
    r"\bsystem\b|developer (?:role|message|instruction)|\broles?\b|alternat|first message|"
    r"chat[ _]template|jinja|TemplateError",
    re.IGNORECASE,
)


class Adapter:
    """Learns from a server's refusals what to send otherwise, and applies that to every body."""

    def __init__(self, model: str, fixed: frozenset[str] = frozenset()) -> None:
        """`fixed` are fields that the user has set, and so are sent whatever the server says."""
        self._model = model
        self._fixed = fixed
        self._lock = threading.Lock()
        self._instead: dict[tuple[str, str], str] = {}
        self._system: bool | None = None

    def apply(self, endpoint: str, body: dict[str, Any], *, system: bool = True) -> dict[str, Any]:
        """`body` as the server takes it at `endpoint`; without a system turn where `system` is false."""
        if (self._system is False or not system) and has_system_turn(body.get("messages", ())):
            body = {**body, "messages": without_system_turn(body["messages"])}
        if not self._instead:
            return body
        renamed = {self._instead.get((endpoint, name), name): value for name, value in body.items()}
        renamed.pop("", None)
        return renamed

    def learn(self, endpoint: str, body: dict[str, Any] | None, status: int, error: Any) -> bool:
        """Whether the refusal of `body` named a field that can go, so that it is worth sending again.

        Without a `body`, any field counts as having been in it.
        """
        if status not in (400, 403, 422):
            return False
        learnt = False
        for name, instead in _named(error, body):
            if name in self._fixed:
                continue
            learnt = True
            with self._lock:
                known = (endpoint, name) in self._instead
                self._instead[endpoint, name] = instead
            if not known:
                say(f"{self._model} takes no {name}: " + (f"sent as {instead}" if instead else "left out from now on"))
        return learnt

    @property
    def system_turn(self) -> bool | None:
        """Whether the model takes a system turn; None until that shows."""
        return self._system

    def suspects_system_turn(self, status: int, error: Any) -> bool:
        """Whether a refusal may be of a system turn: it speaks of such, or it is a 500, which may come of anything."""
        return not self._system and (status == 500 or (status in REFUSALS and speaks_of_turns(error)))

    def took(self, *, system: bool) -> None:
        """A chat was answered with its system turn, or only without one: the same goes for all after it."""
        with self._lock:
            if self._system is not None:
                return
            self._system = system
        if not system:
            say(f"{self._model} takes no system turn: it stands at the beginning of the user's from now on")


def speaks_of_turns(error: Any) -> bool:
    """Whether an error is about the roles of a chat's turns, or about the template that writes them."""
    return bool(_ABOUT_TURNS.search(" ".join(code_and_message(error))))


def _named(error: Any, body: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The fields of `body` that the error says are not taken, each with its other name or an empty one."""
    text = _text(error)
    if (body is None or "max_tokens" in body) and "max_completion_tokens" in text:
        return [("max_tokens", "max_completion_tokens")]
    if not _REFUSAL.search(text):
        return []
    return [(name, "") for name in _OPTIONAL if (body is None or name in body) and re.search(_mention(name), text)]


def _mention(name: str) -> str:
    """Short names are words too: they count only where they are quoted."""
    return rf"[\"'`]{name}[\"'`]" if name in ("n", "stop") else rf"\b{name}\b"


def _text(error: Any) -> str:
    """What an error says, in one text: OpenAI's form, FastAPI's two, or a bare string. No echo of the request."""
    if not isinstance(error, dict):
        return str(error or "")
    detail = error.get("detail")
    if isinstance(detail, list):
        return "; ".join(f"'{item['loc'][-1]}' {item['msg']}" for item in detail if "loc" in item and "msg" in item)
    parts = [f"'{error['param']}'" if error.get("param") else "", error.get("code"), error.get("message"), detail]
    return " ".join(str(part) for part in parts if part)

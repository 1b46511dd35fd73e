"""Fields of a request that a server turns out not to take: left out, or given their other name, from then on."""

from __future__ import annotations

import re
import threading
from typing import Any

from inpars.progress import say

# What an answer can do without: stop strings are cut here too, and missing completions are asked for again.
_OPTIONAL = ("temperature", "top_p", "logprobs", "seed", "stop", "n")
_REFUSAL = re.compile(
    r"unsupported|not supported|(?:doe|i)?s?(?:n't| not) support|unknown|unrecogni[sz]ed|unexpected|"
    r"extra (?:fields|inputs)|not (?:permitted|allowed|available)",
    re.IGNORECASE,
)


class Adapter:
    """Learns from a server's refusals which fields to leave out, and applies that to every body."""

    def __init__(self, model: str, fixed: frozenset[str] = frozenset()) -> None:
        """`fixed` are fields that the user has set, and so are sent whatever the server says."""
        self._model = model
        self._fixed = fixed
        self._lock = threading.Lock()
        self._instead: dict[tuple[str, str], str] = {}

    def apply(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        """`body` as the server takes it at `endpoint`."""
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

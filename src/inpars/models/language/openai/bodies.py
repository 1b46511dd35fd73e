"""What the body of an answer says went wrong, in the forms that servers have."""

from __future__ import annotations

import re
from typing import Any

from inpars.errors import shorten

# Of the reasons for which a server ends an answer, those that are its own failure.
_FAILED = {"error", "abort", "network_error", "insufficient_system_resource"}
_CODES = ("code", "status", "status_code", "statusCode")
_MESSAGES = ("message", "detail", "error", "msg", "status_msg", "error_msg", "title")

# By the words of an error that comes without an HTTP status, the status that its like has elsewhere.
_WORDS = {
    402: r"insufficient[ _](?:quota|balance|credits?|funds)|payment|billing|out of credits",
    401: r"(?:api|secret)[ _-]?key|unauthori[sz]ed|authenti?cat|authori[sz]ation|credentials|invalid[ _](?:access[ _])?"
    r"token",
    403: r"permission|forbidden|access[ _]denied",
    429: r"rate[ _-]?limit|too[ _]many[ _]requests|resource_exhausted|throttl",
    404: r"(?:unexpected|unknown|no such|invalid) (?:endpoint|route|path|url)|not[ _]found|does not exist",
    400: r"invalid[ _-](?:request|argument)|bad[ _]request|context[ _](?:length|window)|content[ _]?filter",
    503: r"overload|busy|unavailable|time[ds]?[ _-]?out|try[ _]again|temporar|capacity|upstream|internal|crash|"
    r"server[ _]error|api_error|provider|unloaded|loading|failed to",
}


def error_in(answer: Any) -> Any:
    """The error that an answer with status 200 is, or that one of its choices ended in; None where it is an answer."""
    if isinstance(answer, list):
        return error_in(answer[0]) if answer else None
    if not isinstance(answer, dict):
        return None
    choices = [choice for choice in answer.get("choices") or () if isinstance(choice, dict)]
    for choice in choices:
        if choice.get("error"):
            return _of(choice)
        if str(choice.get("finish_reason")).lower() in _FAILED:
            return {"code": 502, "message": f"the server ended its answer with {choice['finish_reason']!r}"}
    if any(_has_text(choice) for choice in choices):
        return None
    if answer.get("error") or answer.get("errors"):
        return _of(answer)
    if isinstance(told := answer.get("base_resp"), dict) and told.get("status_code"):
        return told
    says = answer.get("object") == "error" or any(isinstance(answer.get(name), str | list) for name in _MESSAGES)
    return answer if says and not choices else None


def status_of(error: Any) -> int:
    """The HTTP status that an error without one means: by its code, else by its words, else 400."""
    if isinstance(error, dict):
        for name in _CODES:
            code = str(error.get(name))
            if re.fullmatch(r"[45]\d\d", code):
                return int(code)
    kind, message = code_and_message(error)
    for text in (f"{kind} {error.get('status', '') if isinstance(error, dict) else ''}", message):
        for status, words in _WORDS.items():
            if re.search(words, text, re.IGNORECASE):
                return status
    return 400


def code_and_message(error: Any) -> tuple[str, str]:
    """The code (or type) and the message of an error."""
    if isinstance(error, list) and error:
        return code_and_message(error[0])
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        return code_and_message(error["error"])
    if not isinstance(error, dict):
        return "", page_title(error) or shorten(error, 300) if error else ""
    code = error.get("code") if isinstance(error.get("code"), str) else error.get("type")
    message = _flat(next((value for name in _MESSAGES if (value := error.get(name))), ""))
    metadata = error.get("metadata")
    # What the provider behind a router said, which the router hands on.
    if isinstance(metadata, dict) and isinstance(raw := metadata.get("raw"), str) and raw.strip():
        message += f" ({raw.strip()[:200]})"
    return str(code or ""), " ".join(message.split())[:500]


def page_title(content: Any) -> str:
    """What a web page is called, in words; "" for what is no web page."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    if not re.match(r"\s*<(?:!doctype\s+html|html|head|body|\?xml)\b", text, re.IGNORECASE):
        return ""
    title = re.search(r"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", text, re.IGNORECASE | re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", next(filter(None, title.groups()), "") if title else text)
    return f"a web page ({shorten(' '.join(words.split()), 80)})"


def _of(body: dict[str, Any]) -> Any:
    """The error that stands in `body`, with the code beside it where it has none of its own."""
    error = body.get("error") or body["errors"]
    if isinstance(error, list):
        error = error[0] if isinstance(error[0], dict) else "; ".join(map(str, error))
    if isinstance(error, dict):
        return error
    return {"message": body.get("message") or error} | {name: body[name] for name in _CODES if name in body}


def _has_text(choice: dict[str, Any]) -> bool:
    message = choice.get("message")
    return bool(choice.get("text") or (isinstance(message, dict) and message.get("content")))


def _flat(message: Any) -> str:
    """A message in one text: validators tell theirs as a list of places and what is wrong there."""
    if isinstance(message, dict) and message.get("loc") and "msg" in message:
        return f"'{message['loc'][-1]}' {message['msg']}"
    if isinstance(message, dict):
        return _flat(message.get("detail") or message.get("message") or str(message))
    if isinstance(message, list):
        return "; ".join(map(_flat, message))
    return str(message)

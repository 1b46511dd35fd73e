"""An endpoint on loopback that speaks OpenAI's API and fails as it is told to: real HTTP, real faults."""

from __future__ import annotations

import hashlib
import json
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# The usual faults, and how often each comes: a timeout keeps a thread, so it is rare.
FAULTS = {"429": 9, "429-after": 9, "500": 9, "reset": 9, "cut-off": 9, "truncated": 9, "no-json": 9, "empty": 9}
FAULTS["timeout"] = 1


@dataclass
class Fault:
    """An answer that is no good: a status with an error body and headers, or a way to break off (`kind`).

    `body` is sent as it is, in place of the error, as `content_type`.
    """

    status: int = 500
    error: Any = field(default_factory=lambda: {"message": "the server stumbled"})
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    body: Any = None
    content_type: str = "application/json"


def fault(kind: str, patience: float = 1.0) -> Fault:
    """One of the usual faults by name. A timeout is an answer that comes after `patience` seconds."""
    if kind == "429-after":
        return Fault(429, {"message": "slow down"}, {"Retry-After": "0.01"})
    if kind == "quota":
        return Fault(429, {"message": "You exceeded your current quota", "code": "insufficient_quota"})
    if kind.isdigit():
        return Fault(int(kind), {"message": f"fault {kind}"})
    return Fault(kind=kind, headers={"patience": str(patience)})


@dataclass
class Seen:
    """A request as it came in, and when."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def key(self) -> str:
        return self.headers.get("idempotency-key", "")


def text_for(body: dict[str, Any], index: int = 0) -> str:
    """What the server answers: it follows from the request alone."""
    asked = json.dumps([body.get("prompt"), body.get("messages"), body.get("seed"), index])
    return f"what about {hashlib.sha256(asked.encode()).hexdigest()[:8]}?"


class Endpoint:
    """The server. `faults` decides for each request (with its number of earlier attempts) what goes wrong."""

    def __init__(self, faults: Callable[[Seen, int], Fault | None] | None = None, delay: float = 0.0) -> None:
        self.faults = faults or (lambda seen, attempt: None)
        self.delay = delay
        self.log_probs = True
        self.most_choices = 0
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.seen: list[Seen] = []
        self.attempts: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.under_way = self.most_under_way = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        endpoint = self

        class Handler(_Handler):
            owner = endpoint

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def completions_seen(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.endswith("/completions")]

    def script(self, *faults: Fault | str | None) -> None:
        """Let the next requests fail in this order; after that all is well."""
        left = [fault(each) if isinstance(each, str) else each for each in faults]
        self.faults = lambda seen, attempt: left.pop(0) if left else None

    def random_faults(self, rate: float, seed: int, patience: float = 1.0) -> None:
        """Let a share of all attempts fail. What fails follows from the request, not from the order they come in."""

        def draw(seen: Seen, attempt: int) -> Fault | None:
            rng = random.Random(f"{seed}/{seen.key}/{attempt}")
            if rng.random() >= rate:
                return None
            return fault(rng.choices(list(FAULTS), list(FAULTS.values()))[0], patience)

        self.faults = draw

    def completion(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A good answer in the format of its endpoint."""
        if self.answer:
            return self.answer(body)
        count = min(body.get("n", 1), self.most_choices or body.get("n", 1))
        texts = [text_for(body, index) for index in range(count)]
        make = chat_choice if path.endswith("chat/completions") else text_choice
        choices = [
            make(text, index, log_probs=self.log_probs and bool(body.get("logprobs")))
            for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 100, "completion_tokens": 10 * count, "prompt_tokens_details": {"cached_tokens": 40}}
        return {"id": "cmpl", "model": body["model"], "choices": choices, "usage": usage}

    # The Batch API: what is handed over lies still until a test says `finish`.

    def finish(
        self, status: str = "completed", failing: Callable[[dict[str, Any]], tuple[int, Any] | None] | None = None
    ) -> None:
        """End all open batches. `failing` names the status and error of a request; status 0 is one never tried."""
        for batch in self.batches.values():
            if batch["status"] != "validating":
                continue
            batch["status"] = status
            if status == "failed":
                batch["errors"] = {"data": [{"message": "Enqueued token limit reached"}]}
                continue
            good, bad = [], []
            for line in self.files[batch["input_file_id"]].splitlines():
                row = json.loads(line)
                fails = failing(row["body"]) if failing else None
                if fails is None:
                    body = self.completion(row["url"], row["body"])
                    response = {"status_code": 200, "body": body}
                    good.append({"custom_id": row["custom_id"], "response": response, "error": None})
                elif fails[0]:
                    response = {"status_code": fails[0], "body": {"error": fails[1]}}
                    bad.append({"custom_id": row["custom_id"], "response": response, "error": None})
                else:
                    bad.append({"custom_id": row["custom_id"], "response": None, "error": {"code": "batch_expired"}})
            for name, rows in (("output_file_id", good), ("error_file_id", bad)):
                if rows:
                    batch[name] = f"{name}-{batch['id']}"
                    self.files[batch[name]] = "".join(json.dumps(row) + "\n" for row in rows).encode()


def text_choice(text: str, index: int = 0, *, log_probs: bool = True) -> dict[str, Any]:
    tokens = re.findall(r"\s*\S+", text)
    told = {
        "tokens": tokens,
        "token_logprobs": [-0.1 * n for n in range(1, len(tokens) + 1)],
        "text_offset": [sum(map(len, tokens[:n])) for n in range(len(tokens))],
    }
    return {"index": index, "text": text, "finish_reason": "stop", "logprobs": told if log_probs else None}


def chat_choice(text: str, index: int = 0, *, log_probs: bool = True) -> dict[str, Any]:
    content = [
        {"token": token, "logprob": -0.1 * n, "bytes": list(token.encode())}
        for n, token in enumerate(re.findall(r"\s*\S+", text), start=1)
    ]
    return {
        "index": index,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": {"content": content} if log_probs else None,
    }


class _Handler(BaseHTTPRequestHandler):
    owner: Endpoint
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._unless_gone(self._get)

    def do_POST(self) -> None:
        self._unless_gone(self._post)

    def _unless_gone(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError:
            self.close_connection = True

    def _post(self) -> None:
        owner = self.owner
        content = self.rfile.read(int(self.headers["Content-Length"]))
        multipart = self.headers["Content-Type"].startswith("multipart/")
        body = {} if multipart else json.loads(content)
        seen = Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.monotonic())
        with owner.lock:
            owner.seen.append(seen)
            attempt = owner.attempts[seen.key]
            owner.attempts[seen.key] += 1
            wrong = owner.faults(seen, attempt)
            owner.under_way += 1
            owner.most_under_way = max(owner.most_under_way, owner.under_way)
        if owner.delay:
            time.sleep(random.random() * owner.delay)
        with owner.lock:
            owner.under_way -= 1
        if wrong is not None:
            self._fail(wrong, seen)
        elif self.path.partition("?")[0].endswith("/completions"):
            # Counted before it is sent: once the client has it, the test may look.
            with owner.lock:
                owner.answered[seen.key] += 1
            self._send(200, owner.completion(self.path, body))
        elif self.path.endswith("/files"):
            name = f"file-{len(owner.files)}"
            boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
            part = next(part for part in content.split(b"--" + boundary) if b"filename=" in part)
            owner.files[name] = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
            self._send(200, {"id": name, "object": "file"})
        elif self.path.endswith("/batches"):
            batch = {
                "id": f"batch-{len(owner.batches)}",
                "object": "batch",
                "status": "validating",
                "created_at": int(time.time()),
                "request_counts": {"total": 0, "completed": 0, "failed": 0},
                **body,
            }
            owner.batches[batch["id"]] = batch
            self._send(200, batch)

    def _get(self) -> None:
        owner = self.owner
        with owner.lock:
            owner.seen.append(Seen(self.path, {}, {}, time.monotonic()))
        name = self.path.partition("?")[0].rsplit("/", 1)[-1]
        if name == "batches":
            newest = list(reversed(owner.batches.values()))
            self._send(200, {"object": "list", "data": newest, "has_more": False})
        elif name == "content":
            self._send_bytes(200, owner.files[self.path.split("/")[-2]], "application/octet-stream")
        elif name in owner.batches:
            self._send(200, owner.batches[name])
        else:
            self._send(404, {"error": {"message": f"no {name}"}})

    def _fail(self, wrong: Fault, seen: Seen) -> None:
        if wrong.body is not None:
            content = wrong.body if isinstance(wrong.body, bytes) else json.dumps(wrong.body).encode()
            self._send_bytes(wrong.status, content, wrong.content_type, wrong.headers)
            return
        if not wrong.kind:
            error = wrong.error if "detail" in wrong.error else {"error": wrong.error}
            self._send(wrong.status, error, wrong.headers)
            return
        whole = json.dumps(self.owner.completion(self.path, seen.body)).encode()
        # A connection that is closed without a word would fail the request after this one too.
        self.close_connection = wrong.kind in ("reset", "cut-off", "timeout")
        if wrong.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif wrong.kind == "timeout":
            time.sleep(float(wrong.headers["patience"]))
            self._send_bytes(200, whole)
        elif wrong.kind == "cut-off":
            self._send_bytes(200, whole[: len(whole) // 2], headers={"Content-Length": str(len(whole))})
        elif wrong.kind == "truncated":
            self._send_bytes(200, whole[: len(whole) // 2])
        elif wrong.kind == "no-json":
            self._send_bytes(200, b"<html>bad gateway</html>", "text/html")
        elif wrong.kind == "empty":
            self._send(200, {"choices": []})

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(value).encode(), headers=headers)

    def _send_bytes(
        self, status: int, content: bytes, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

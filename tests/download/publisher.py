"""A server on loopback that publishes files as S3 and the Hub do, and misbehaves as it is told to."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PAGE = b"<!DOCTYPE html>\n<html><title>Log in to the guest network</title></html>"
V1 = "/inpars/scifacts_synthetic_queries_100k.jsonl"
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


@dataclass
class Seen:
    """A request as it came in, and how many bytes of a body went out."""

    method: str
    path: str
    headers: dict[str, str]
    sent: int = 0


class Publisher:
    """The server. `script` says what goes wrong with the next GET requests; after that all is well.

    Faults: a status; `429 SECONDS`, with Retry-After; `page`, a web page with status 200; `cut N`, the connection
    closed after N bytes; `reset`, before any; `stall N`, silence after N bytes; `short N`, N bytes as if they were
    all; `elsewhere`, a redirect; `circle`, one to itself; `file`, one to a local file; `rest`, If-Range ignored;
    `misplaced`, a range that was not asked for; `some N`, of a range only the first N bytes.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.repos: dict[str, list[str]] = {}
        self.faults: list[str] = []
        self.seen: list[Seen] = []
        self.ranges = True
        self.headers = ("ETag", "Last-Modified", "Content-Length")
        self.weak = False
        self.pace = 0.0
        self.silence = threading.Event()
        publisher = self

        class Handler(_Handler):
            owner = publisher

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def script(self, *faults: str) -> None:
        self.faults = list(faults)

    @property
    def gets(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == "GET"]

    def publish(self, repo: str, kind: str, files: dict[str, bytes]) -> None:
        """Put files on the Hub: `kind` is models or datasets."""
        place = repo if kind == "models" else f"datasets/{repo}"
        for name, content in files.items():
            for revision in ("main", COMMIT, "514250ae1fb0faedcedb849e70b11c26a124db11"):
                self.files[f"/{place}/resolve/{revision}/{name}"] = content
        self.repos[f"{kind}/{repo}"] = list(files)

    def close(self) -> None:
        self.silence.set()
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Publisher
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        self.owner.seen.append(seen)
        try:
            path = unquote(urlsplit(self.path).path)
            if path.startswith("/api/"):
                self._api(path.removeprefix("/api/"))
            else:
                self._file(path, seen)
        except OSError:
            self.close_connection = True

    def _file(self, path: str, seen: Seen) -> None:
        owner = self.owner
        fault = owner.faults.pop(0) if self.command == "GET" and owner.faults else ""
        kind, _, number = fault.partition(" ")
        content = owner.files.get(path.removeprefix("/moved"))
        if kind.isdigit():
            headers = {"Retry-After": number} if number else {}
            self._send(int(kind), b"the server stumbled", headers)
            return
        if kind in ("elsewhere", "circle"):
            self._send(302, b"", {"Location": f"/moved{path}" if kind == "elsewhere" else path})
            return
        if kind == "file":
            self._send(302, b"", {"Location": "file:///etc/hostname"})
            return
        if kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            raise OSError
        if kind == "page":
            self._send(200, PAGE, {"Content-Type": "text/html"})
            return
        if content is None:
            hub = {"X-Error-Code": "EntryNotFound"} if self._repo(path) else {"X-Error-Code": "RepoNotFound"}
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", hub)
            return
        self._whole_or_rest(path, content, kind, int(number or 0), seen)

    def _whole_or_rest(self, path: str, content: bytes, kind: str, number: int, seen: Seen) -> None:
        owner = self.owner
        etag = '"' + hashlib.sha256(content).hexdigest() + '"'
        etag = f"W/{etag}" if owner.weak else etag
        known = {"ETag": etag, "Last-Modified": DATE, "X-Repo-Commit": COMMIT}
        headers = {name: value for name, value in known.items() if name in owner.headers or name == "X-Repo-Commit"}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", etag) in headers.values() or kind == "rest"
        status, start, stop = 200, 0, len(content)
        if wanted and owner.ranges and same:
            status, start = 206, int(wanted[1])
            if start >= len(content):
                self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            if kind == "misplaced":
                start += 7
            stop = start + number if kind == "some" else len(content)
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        body = content[start : stop if status == 206 else number if kind == "short" else None]
        if "Content-Length" in owner.headers:
            headers["Content-Length"] = str(len(body))
        else:
            self.close_connection = True
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if kind in ("cut", "stall"):
            self._write(body[:number], seen)
            if kind == "stall":
                owner.silence.wait(5)
            self.close_connection = True
            return
        self._write(body, seen)

    def _write(self, body: bytes, seen: Seen) -> None:
        step = 4096 if self.owner.pace else len(body) or 1
        for position in range(0, len(body), step):
            self.wfile.write(body[position : position + step])
            self.wfile.flush()
            seen.sent += len(body[position : position + step])
            time.sleep(self.owner.pace)

    def _repo(self, path: str) -> bool:
        found = re.match(r"/(datasets/)?([^/]+/[^/]+)/resolve/", path)
        return bool(found) and f"{'datasets' if found[1] else 'models'}/{found[2]}" in self.owner.repos  # type: ignore[index]

    def _api(self, path: str) -> None:
        found = re.fullmatch(r"((?:models|datasets)/[^/]+/[^/]+)/(tree|revision)/([^/?]+)", path)
        if path == "models":
            names = [repo.removeprefix("models/") for repo in self.owner.repos if repo.startswith("models/")]
            self._json([{"id": name, "modelId": name} for name in names])
            return
        if not found or found[1] not in self.owner.repos:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        kind, repo = found[1].split("/", 1)
        files = self.owner.repos[found[1]]
        place = repo if kind == "models" else found[1]
        sizes = {name: len(self.owner.files[f"/{place}/resolve/main/{name}"]) for name in files}
        if found[2] == "revision":
            siblings = [{"rfilename": name, "size": size} for name, size in sizes.items()]
            self._json({"id": repo, "sha": COMMIT, "siblings": siblings})
            return
        self._json([{"type": "file", "path": n, "size": s, "oid": "0" * 40} for n, s in sizes.items()])

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

"""One file over HTTP: resumed where it broke off, tried again where that can help, and never taken for more than it is.

What is there so far lies in `PART`, and beside it, in `PART.json`, what says that the server still has
the same file: its ETag or its date. Only with that is a download continued.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from inpars.data.files import first_line, write_json
from inpars.data.waiting import retry_after
from inpars.download.contents import page_text
from inpars.errors import InparsError, MissingDependency, OptionError
from inpars.progress import console, say

FAILURES = 5
"""Failed attempts in a row, none of which brought a byte, after which a download gives up."""
WAIT = 1.0
"""Seconds that the first wait takes at most; each further one is twice as long."""
PATIENCE = 30.0
"""Seconds without a byte after which an attempt has failed."""
LONGEST_WAIT = 300.0
"""Seconds beyond which a server that asks to wait is not waited for."""


@dataclass(frozen=True)
class Received:
    """What the server says of the file: how long it is in bytes, and how to tell one version from another."""

    url: str
    length: int | None = None
    etag: str = ""
    last_modified: str = ""

    @property
    def validator(self) -> str:
        """What `If-Range` takes; a weak ETag does not promise the same bytes."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


class _Again(Exception):
    """An attempt that failed for now; `wait` is what the server asks for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def address_in(variable: str) -> str:
    """The web address in an environment variable, "" where it has none. `OptionError` for what is no address."""
    address = os.environ.get(variable, "").strip().rstrip("/")
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        # A port that cannot be one shows itself only when it is asked for.
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise OptionError(f"{variable}: expected an address such as https://mirror.example; found none")
    return address


def mirrored(url: str) -> str:
    """`url` at the mirror that INPARS_MIRROR names, which stands for scheme and host. `OptionError` for no address."""
    mirror = address_in("INPARS_MIRROR")
    if not mirror:
        return url
    parts, asked = urlsplit(mirror), urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path + asked.path, asked.query, ""))


def fetch(url: str, part: Path) -> Received:
    """Bring the file at `url` to `part`, going on from what is there of it, and say what the server says of it.

    `InparsError` for an address without such a file, a page in its place, and a server that stays out of reach;
    what has come by then stays and is gone on from.
    """
    failures, most = 0, _size(part)
    with open_client() as client:
        while True:
            try:
                return _attempt(client, url, part)
            except _Again as again:
                # Only more than ever came before is progress: a server that cannot resume begins at nothing each time.
                failures = 1 if _size(part) > most else failures + 1
                most = max(most, _size(part))
                wait = min(60.0, WAIT * 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)
                wait = wait if again.wait is None else again.wait
                if failures >= FAILURES or wait > LONGEST_WAIT:
                    kept = f"; the {_size(part):,} bytes that came are kept" if _known(part, url) else ""
                    later = f" in {wait:,.0f} seconds" if wait > LONGEST_WAIT else " later"
                    raise InparsError(
                        f"cannot download {public(url)}: {again}",
                        hint=f"run the same command again{later}{kept}; or name a mirror: INPARS_MIRROR",
                    ) from None
                say(f"download: {again}; trying again")
                time.sleep(wait)


def remote_size(client: Any, url: str) -> int | None:
    """The bytes of the file at `url` as the server tells them without sending it; None where it does not."""
    try:
        response = client.head(url, headers={"Accept-Encoding": "identity"})
    except (httpx().HTTPError, httpx().InvalidURL):
        return None
    # The Hub sends on to another server, and says the size itself.
    told = [answer.headers.get("X-Linked-Size") for answer in response.history] + [
        response.headers.get("Content-Length")
    ]
    size = next((text for text in told if text), "")
    page = response.headers.get("Content-Type", "").startswith("text/html")
    return int(size) if response.is_success and not page and size.isdigit() else None


def open_client(timeout: float | None = None) -> Any:
    """A client that follows redirects, with our patience."""
    return httpx().Client(follow_redirects=True, max_redirects=10, timeout=timeout or PATIENCE)


def httpx() -> Any:
    """The HTTP library under the openai SDK: httpx2, or httpx with the SDK's older releases."""
    for name in ("httpx2", "httpx"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise MissingDependency("httpx2", "train", "downloading")


def discard(part: Path) -> None:
    """Remove what there is of a download."""
    part.unlink(missing_ok=True)
    _facts_path(part).unlink(missing_ok=True)


def public(url: str) -> str:
    """`url` without user, password and query, which may be secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _attempt(client: Any, url: str, part: Path) -> Received:
    known = _known(part, url)
    start = _size(part) if known else 0
    if known and start and start == known.length:
        return known
    headers = {"Accept-Encoding": "identity"}
    if known and start:
        headers |= {"Range": f"bytes={start}-", "If-Range": known.validator}
    library = httpx()
    try:
        with client.stream("GET", url, headers=headers) as response:
            received = _judged(response, url, part, known, start)
            if response.status_code != 206:
                start = 0
            _write(response, received, part, start)
    except library.TooManyRedirects:
        raise InparsError(f"cannot download {public(url)}: the server sends in circles") from None
    except library.TimeoutException:
        raise _Again(f"no answer for {PATIENCE:g} seconds") from None
    except library.UnsupportedProtocol:
        raise InparsError(
            f"cannot download {public(url)}: it is sent on to an address that is no web address"
        ) from None
    except library.TransportError as error:
        raise _Again(f"connection lost ({first_line(error)})") from None
    except library.HTTPError as error:
        raise InparsError(f"cannot download {public(url)}: {first_line(error)}") from None
    if received.length is not None and _size(part) != received.length:
        raise _Again(f"{_size(part):,} of {received.length:,} bytes came")
    return received


def _judged(response: Any, url: str, part: Path, known: Received | None, start: int) -> Received:
    """What the answer's status and headers say of the file. `_Again` or `InparsError` where it brings none."""
    status, headers = response.status_code, response.headers
    if status in (408, 425, 429) or status >= 500:
        raise _Again(f"status {status}", retry_after(headers))
    if status == 416 or (status == 206 and not (known and _continues(headers, known, start))):
        # Not the file that was begun: from the start then.
        discard(part)
        raise _Again("the file has changed meanwhile", 0.0)
    if status in (401, 403, 404, 410):
        raise InparsError(
            f"{public(url)} is not to be had (status {status})",
            hint="it may have moved, or the mirror may lack it; what there is otherwise: inpars download --list",
        )
    if status not in (200, 206):
        raise InparsError(f"cannot download {public(url)}: status {status}")
    if response.url.scheme != "https" and urlsplit(url).scheme == "https":
        raise InparsError(f"cannot download {public(url)}: it is sent on to an address without encryption")
    if status == 206 and known:
        return known
    length = headers.get("Content-Length", "")
    # A length in transit that is not the file's own says nothing.
    length = "" if headers.get("Content-Encoding", "identity") != "identity" else length
    return Received(
        url, int(length) if length.isdigit() else None, headers.get("ETag", ""), headers.get("Last-Modified", "")
    )


def _continues(headers: Mapping[str, str], known: Received, start: int) -> bool:
    """Whether a partial answer is the rest of the file that was begun."""
    place, _, total = headers.get("Content-Range", "").partition("/")
    same = headers.get("ETag", known.etag) == known.etag
    return same and place.startswith(f"bytes {start}-") and total in ("*", str(known.length or total))


def _write(response: Any, received: Received, part: Path, start: int) -> None:
    # As they come in: blocks of a size of ours would be held back, and lost with the connection.
    blocks = response.iter_bytes()
    block = next(blocks, b"")
    if not start and (page := page_text(block)):
        # Before the part is touched: a network's log-in page must not cost what has come already.
        raise InparsError(
            f"{public(received.url)} sends a web page instead of the file: {page}",
            hint="a proxy or a network that wants a log-in may be in the way, or the file may have moved",
        )
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("ab" if start else "wb") as stream, _bar() as bar:
            write_json(_facts_path(part), asdict(received))
            task = bar.add_task(part.name.removesuffix(".part"), total=received.length, completed=start)
            while block:
                stream.write(block)
                stream.flush()
                bar.advance(task, len(block))
                block = next(blocks, b"")
    except OSError as error:
        raise InparsError(f"cannot write {part}: {error.strerror or error}", hint="is the disk full?") from None


def _known(part: Path, url: str) -> Received | None:
    """What the server said when `part` was begun, where that allows to go on from it."""
    try:
        known = Received(**json.loads(_facts_path(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return known if known.url == url and known.validator else None


def _bar() -> Progress:
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    return Progress(TextColumn("{task.description}"), *columns, console=console, disable=not console.is_terminal)


def _facts_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0

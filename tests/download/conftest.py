"""A server that publishes what the tests say, with short waits, and a cache of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from publisher import V1, Publisher

from inpars.download import http


@pytest.fixture(scope="session")
def v1_file() -> bytes:
    """Four hundred rows as InPars v1 wrote them, some 60 kB."""
    rows = [
        {
            "doc_id": number,
            "doc_text": f"Document {number} tells of wings, lift and drag at Mach {number / 10}.",
            "question": f"what is lift at mach {number / 10}",
            "log_probs": [-0.25, -0.5],
        }
        for number in range(400)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def publisher(v1_file: bytes) -> Iterator[Publisher]:
    server = Publisher()
    server.files[V1] = v1_file
    yield server
    server.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files go; the network is allowed."""
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    for name in ("HF_HUB_OFFLINE", "INPARS_OFFLINE", "INPARS_MIRROR", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "published"


@pytest.fixture
def mirror(publisher: Publisher, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """The server as the mirror of all plain addresses."""
    monkeypatch.setenv("INPARS_MIRROR", publisher.url)
    monkeypatch.setattr(http, "WAIT", 0.01)
    monkeypatch.setattr(http, "PATIENCE", 0.25)
    return publisher

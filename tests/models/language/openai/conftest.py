"""A faulty endpoint, and a model that talks to it with short waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from server import Endpoint

from inpars.models.language.openai import OpenAIModel, retry
from inpars.models.language.options import OpenAIOptions

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key, no other endpoint, a cache of the test's own, and waits that are short."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(retry, "BASE_WAIT", 0.002)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    yield server
    server.close()


@pytest.fixture
def make(endpoint: Endpoint) -> Callable[..., OpenAIModel]:
    """A model at the faulty endpoint, with options of the test's choice."""

    def make_model(name: str = "tiny", **options: Any) -> OpenAIModel:
        return OpenAIModel(name, OpenAIOptions(**{"base_url": endpoint.url, **options}))

    return make_model

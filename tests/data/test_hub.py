"""Whether the Hub answers, asked of real servers on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from inpars.data import hub as hub_module
from inpars.data.corpora import open_corpus
from inpars.data.hub import ask, unreachable
from inpars.errors import InparsError
from inpars.models.locate import why_absent

Hub = Callable[..., str]


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_hub_that_answers_anything_can_be_reached(status: int, hub: Hub) -> None:
    hub(status)
    assert unreachable() == ""
    assert why_absent("nosuch/model") == ""


def test_a_hub_where_nobody_listens_is_told_with_its_address(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    hub(200)
    from huggingface_hub import constants

    constants.ENDPOINT = f"http://127.0.0.1:{port}"
    assert unreachable().startswith(f"http://127.0.0.1:{port} cannot be reached: ")
    why = why_absent("nosuch/model")
    assert why.startswith("there is no such folder, the Hub's cache has no such model, and http://127.0.0.1:")
    with pytest.raises(
        InparsError, match=r"dataset 'nosuch/data': there is no such folder, and http.* cannot be reached"
    ):
        open_corpus("hf:nosuch/data")


def test_a_hub_that_never_answers_is_given_up_on_and_asked_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "PATIENCE", 0.3)
    hub(None)
    before = threading.active_count()
    assert "cannot be reached: " in unreachable()
    assert unreachable() == unreachable()
    assert ask() is ask()
    assert threading.active_count() <= before + 1


def test_a_model_that_the_hub_does_not_have(hub: Hub) -> None:
    hub(404, X_Error_Code="RepoNotFound")
    assert "the Hub has no such model" in why_absent("nosuch/model")
    assert "the Hub has no such model" in why_absent("nosuch-model")
    assert why_absent("./model") == "there is no such folder"


def test_a_model_in_the_cache_is_not_asked_for(hub: Hub, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    hub(404, X_Error_Code="RepoNotFound")
    folder = tmp_path / "models--some--model" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert why_absent("some/model") == ""
    assert not ask.cache_info().currsize

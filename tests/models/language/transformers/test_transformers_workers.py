"""Several devices, a process each."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_models import ENDS, PREFIX, ask, load

from inpars.errors import InparsError, MissingDependency
from inpars.models.language.base import Sampling
from inpars.models.language.transformers import model, workers

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def _one_thread_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_two_devices_give_the_answers_of_one(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "prompts_in_window", lambda *given: 3)
    folder = make_model("llama")
    texts = [*(PREFIX + end for end in ENDS), ""]
    alone = ask(load(folder), texts, max_new_tokens=6, temperature=1.0, n=2)
    together = ask(load(folder, devices=("cpu", "cpu")), texts, max_new_tokens=6, temperature=1.0, n=2)
    for found, expected in zip(together, alone, strict=True):
        assert [c.token_ids for c in found.completions] == [c.token_ids for c in expected.completions]
        assert [c.text for c in found.completions] == [c.text for c in expected.completions]
        for completion, given in zip(found.completions, expected.completions, strict=True):
            assert completion.log_probs == pytest.approx(given.log_probs, abs=1e-4)
    assert together[-1].error == "the prompt has no tokens"


def test_what_stops_a_worker_reaches_the_user_in_its_own_words(tmp_path: Path) -> None:
    broken = load(tmp_path / "none", devices=("cpu", "cpu"))
    with pytest.raises(InparsError, match="there is no such folder") as error:
        ask(broken, ["a wing"])
    assert error.value.hint


def test_errors_of_every_kind_travel_from_a_worker_with_their_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> Any:
        raise MissingDependency("bitsandbytes", "quantized", "precision int8")

    monkeypatch.setattr(workers, "_model", SimpleNamespace(answer=fail))
    with pytest.raises(InparsError) as error:
        workers._answer([], Sampling())
    arrived = pickle.loads(pickle.dumps(error.value))
    assert str(arrived) == str(error.value)
    assert arrived.hint == 'pip install "inpars[quantized]"'

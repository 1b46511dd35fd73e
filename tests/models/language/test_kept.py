"""What a model that runs here was asked once is not asked again, and comes back as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inpars.errors import InparsError
from inpars.models.language import open_language_model
from inpars.models.language.base import Answer, Message, Prompt, Sampling
from inpars.models.language.dummy import DummyModel
from inpars.models.language.kept import KeptModel, keep_answers, not_kept
from inpars.models.language.openai import OpenAIModel
from inpars.models.language.options import OpenAIOptions


class Local(DummyModel):
    """Answers two prompts at a time and remembers which; `fails` are refused before that, as too long ones are."""

    version = ""

    def __init__(self, name: str = "", fails: Iterable[str] = (), broken_at: int = 10**9) -> None:
        super().__init__(name)
        self.refused, self.broken_at = set(fails), broken_at
        self.asked: list[list[str]] = []

    def windows(self, prompts: Iterable[Prompt | Answer], sampling: Sampling) -> Iterator[Iterable[Answer]]:
        window: list[Prompt] = []
        for prompt in prompts:
            if isinstance(prompt, Answer) or prompt.key in self.refused:
                yield [prompt if isinstance(prompt, Answer) else Answer(prompt.key, requests=0, error="too long")]
                continue
            window.append(prompt)
            if len(window) == 2:
                yield self._ask(window, sampling)
                window = []
        if window:
            yield self._ask(window, sampling)

    def _ask(self, window: list[Prompt], sampling: Sampling) -> Iterator[Answer]:
        self.asked.append([prompt.key for prompt in window])
        for number, answer in enumerate(self.complete(window, sampling)):
            if len(self.asked) > self.broken_at and number:
                raise OSError("power cut")
            yield answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


ONE = Prompt("d1", "what of wings")
FIVE = [Prompt(f"d{number}", f"what of wing number {number}") for number in range(5)]


def count(file: Path) -> int:
    connection = sqlite3.connect(file)
    [(found,)] = connection.execute("SELECT count(*) FROM answers")
    connection.close()
    return int(found)


def test_an_answer_comes_back_as_it_was_and_nothing_is_asked(file: Path) -> None:
    sampling = Sampling(n=3, temperature=0.7)
    first = list(KeptModel(Local(), file).complete(FIVE, sampling))
    again = Local()
    second = list(KeptModel(again, file).complete(FIVE, sampling))
    assert again.asked == []
    assert all(answer.reused and answer.requests == 0 and answer.cost is None for answer in second)
    assert not any(answer.reused for answer in first)
    for name in ("key", "completions", "prompt_tokens", "completion_tokens", "cached_tokens"):
        assert [getattr(answer, name) for answer in second] == [getattr(answer, name) for answer in first]


BASE: dict[str, Any] = {"prompt": ONE, "sampling": Sampling(temperature=0.5), "model": Local(), "backend": "vllm"}


class Newer(Local):
    version = "a commit"


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": Prompt("d1", "what of wings.")},
        {"prompt": Prompt("d2", "what of wings")},
        {"prompt": Prompt("d1", messages=(Message("user", "what of wings"),))},
        {"prompt": Prompt("d1", messages=(Message("system", "what of wings"),))},
        {"model": Local("other")},
        {"model": Newer()},
        {"backend": "transformers"},
        {"sampling": Sampling(temperature=0.6)},
        {"sampling": Sampling(temperature=0.5, seed=2)},
        {"sampling": Sampling(temperature=0.5, n=2)},
        {"sampling": Sampling(temperature=0.5, top_p=0.9)},
        {"sampling": Sampling(temperature=0.5, stop=("\n",))},
        {"sampling": Sampling(temperature=0.5, max_new_tokens=32)},
        {"sampling": Sampling(temperature=0.5, log_probs=False)},
    ],
)
def test_any_difference_that_can_change_an_answer_asks_again(file: Path, other: dict[str, Any]) -> None:
    for case in (BASE, BASE | other):
        [answer] = KeptModel(case["model"], file, case["backend"]).complete([case["prompt"]], case["sampling"])
        assert not answer.reused
    assert count(file) == 2


def test_a_window_is_kept_as_a_whole_before_any_of_it_is_handed_out(file: Path) -> None:
    answers = KeptModel(Local(), file).complete(FIVE, Sampling())
    kept = []
    for _ in range(5):
        next(answers)
        kept.append(count(file))
    assert kept == [2, 2, 4, 4, 5]


def test_a_kill_within_a_window_leaves_the_same_windows_to_be_asked(file: Path) -> None:
    whole = Local(fails=["d0"])
    list(KeptModel(whole, file.with_name("whole.sqlite")).complete(FIVE, Sampling()))
    assert whole.asked == [["d1", "d2"], ["d3", "d4"]]
    with pytest.raises(OSError, match="power cut"):
        list(KeptModel(Local(fails=["d0"], broken_at=1), file).complete(FIVE, Sampling()))
    assert count(file) == 2
    after = Local(fails=["d0"])
    answers = list(KeptModel(after, file).complete(FIVE, Sampling()))
    # The one that is refused is in no window, and so does not shift them.
    assert after.asked == whole.asked[1:]
    assert [(answer.key, answer.error, answer.reused) for answer in answers] == [
        ("d0", "too long", False),
        ("d1", "", True),
        ("d2", "", True),
        ("d3", "", False),
        ("d4", "", False),
    ]


def test_only_what_is_new_is_asked_and_what_is_there_comes_at_once(file: Path) -> None:
    list(KeptModel(Local(), file).complete(FIVE[:4], Sampling()))
    drawn = []

    def prompts() -> Iterator[Prompt]:
        for prompt in (*FIVE[:2], Prompt("new", "what of drag"), *FIVE[2:]):
            drawn.append(prompt.key)
            yield prompt

    model = Local()
    answers = KeptModel(model, file).complete(prompts(), Sampling())
    assert [(next(answers).key, len(drawn)) for _ in range(4)] == [("d0", 1), ("d1", 2), ("d2", 4), ("d3", 5)]
    assert {answer.key for answer in answers} == {"new", "d4"}
    assert model.asked == [["new", "d4"]]


def test_two_prompts_of_one_key_never_get_each_others_answer(file: Path) -> None:
    pair = [Prompt("d1", "what of wings"), Prompt("d1", "what of drag")]
    list(KeptModel(Local(), file).complete(pair, Sampling()))
    alone = [next(Local().complete([prompt], Sampling())).completions for prompt in pair]
    assert [next(KeptModel(Local(), file).complete([prompt], Sampling())).completions for prompt in pair] == alone


def test_files_of_endpoints_hold_both_and_keep_their_own(file: Path) -> None:
    key = OpenAIModel("tiny", OpenAIOptions(base_url="http://localhost:1/v1", cache=file))._cache
    key.put([("a request", b"{}")])
    list(KeptModel(Local(), file).complete(FIVE, Sampling()))
    assert count(file) == 6
    assert key.get("a request") == (b"{}", False)


def test_a_file_that_cannot_be_used_is_told_with_the_option_that_names_another(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, " * 1000)
    with pytest.raises(InparsError, match=r"(?s)cannot keep answers in .*notes.txt.*--vllm.cache"):
        list(KeptModel(Local(), path, "vllm").complete([ONE], Sampling()))


def test_none_keeps_nothing(tmp_path: Path) -> None:
    model = Local()
    assert keep_answers(model, "none", "vllm") is model
    kept = keep_answers(model, str(tmp_path / "mine.sqlite"), "vllm")
    list(kept.complete([ONE], Sampling()))
    assert count(tmp_path / "mine.sqlite") == 1
    assert not_kept(kept) is not_kept(model) is model


def test_endpoints_keep_their_own_answers_and_others_are_kept_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    options = SimpleNamespace(openai=OpenAIOptions())
    assert isinstance(open_language_model("openai:tiny", options), OpenAIModel)
    assert isinstance(open_language_model("dummy:x", options), DummyModel)
    assert isinstance(open_language_model("some/hub-model", options), KeptModel)

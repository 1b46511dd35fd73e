"""Answers are kept: by the whole request, before they are handed out, for all threads and processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from server import fault

from conftest import KEY
from inpars.errors import InparsError
from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.cache import AnswerCache, Database, cache_path
from inpars.models.language.openai import OpenAIModel
from inpars.models.language.options import OpenAIOptions

ONE = Prompt("d1", "wings")


def keys_in(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        keys = {row[0] for row in connection.execute("SELECT key FROM answers")}
    connection.close()
    return keys


def test_the_same_request_is_sent_once(endpoint, make, tmp_path):
    prices = tmp_path / "prices.yaml"
    prices.write_text("tiny: {input: 1, output: 2}\n")
    [first] = make(prices=prices).complete([ONE], Sampling(n=2, temperature=1.0))
    [second] = make(prices=prices).complete([ONE], Sampling(n=2, temperature=1.0))
    assert len(endpoint.seen) == 1
    assert (first.reused, first.requests, first.cost) == (False, 1, pytest.approx((100 * 1 + 20 * 2) / 1e6))
    assert (second.reused, second.requests, second.cost) == (True, 0, 0.0)
    assert second.completions == first.completions


BASE = {"prompt": ONE, "sampling": Sampling(temperature=0.5), "options": {}, "name": "tiny"}


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": Prompt("d1", "wings.")},
        {"prompt": Prompt("d2", "wings")},
        {"prompt": Prompt("d1", messages=(Message("user", "wings"),))},
        {"name": "small"},
        {"options": {"api": "chat"}},
        {"options": {"extra_body": {"min_p": 0.1}}},
        {"sampling": Sampling(temperature=0.6)},
        {"sampling": Sampling(temperature=0.5, seed=2)},
        {"sampling": Sampling(temperature=0.5, n=2)},
        {"sampling": Sampling(temperature=0.5, top_p=0.9)},
        {"sampling": Sampling(temperature=0.5, stop=("\n",))},
        {"sampling": Sampling(temperature=0.5, max_new_tokens=32)},
        {"sampling": Sampling(temperature=0.5, log_probs=False)},
    ],
)
def test_any_difference_in_the_request_makes_it_another(endpoint, make, other):
    for case in (BASE, BASE | other):
        [answer] = make(case["name"], **case["options"]).complete([case["prompt"]], case["sampling"])
        assert not answer.reused
    assert len(endpoint.seen) == 2


def test_another_server_is_another_request(endpoint, make):
    from server import Endpoint

    other = Endpoint()
    list(make().complete([ONE], Sampling()))
    [answer] = OpenAIModel("tiny", OpenAIOptions(base_url=other.url)).complete([ONE], Sampling())
    other.close()
    assert not answer.reused


def test_options_of_speed_make_no_other_request(endpoint, make):
    list(make().complete([ONE], Sampling()))
    [answer] = make(concurrency=2, timeout=7.0, retries=1, requests_per_minute=9).complete([ONE], Sampling())
    assert answer.reused


def test_an_answer_is_on_disk_before_it_is_handed_out(endpoint, make):
    answers = make(concurrency=1).complete([Prompt(f"d{n}", f"document {n}") for n in range(9)], Sampling())
    for count in range(1, 10):
        next(answers)
        assert len(keys_in(cache_path(None))) >= count
    assert keys_in(cache_path(None)) == set(endpoint.answered)


def test_a_failed_request_is_not_kept(endpoint, make):
    endpoint.script("400", *["500"] * 3)
    list(make(retries=2).complete([ONE, Prompt("d2", "drag")], Sampling()))
    assert not keys_in(cache_path(None))


def test_equal_requests_at_once_are_sent_once(endpoint, make):
    endpoint.delay = 0.1
    answers = list(make().complete([Prompt(f"d{n}", "the same text") for n in range(10)], Sampling()))
    assert len(endpoint.seen) == 1
    assert sorted(answer.reused for answer in answers) == [False] + [True] * 9
    assert len({answer.completions[0].text for answer in answers}) == 1


def test_equal_requests_share_their_error_too(endpoint, make):
    endpoint.delay = 0.1
    endpoint.faults = lambda seen, attempt: fault("400")
    answers = list(make(concurrency=8).complete([Prompt(f"d{n}", "the same text") for n in range(8)], Sampling()))
    assert all(answer.error == "status 400: fault 400" for answer in answers)
    assert sum(answer.requests for answer in answers) == len(endpoint.seen)


def test_the_cache_holds_no_key(endpoint, make):
    list(make().complete([ONE], Sampling()))
    folder = cache_path(None).parent
    assert not any(KEY.encode() in path.read_bytes() for path in folder.iterdir())


def test_where_the_cache_lies(monkeypatch, tmp_path):
    assert cache_path(tmp_path / "mine.sqlite") == tmp_path / "mine.sqlite"
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path))
    assert cache_path(None) == tmp_path / "requests.sqlite"
    monkeypatch.delenv("INPARS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_path(None) == tmp_path / "xdg" / "inpars" / "requests.sqlite"


def test_a_file_that_is_no_cache_is_told_before_anything_is_sent(endpoint, make, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, " * 1000)
    with pytest.raises(InparsError, match=r"(?s)cannot keep answers in .*notes.txt.*--openai.cache"):
        list(make(cache=path).complete([ONE], Sampling()))
    assert not endpoint.seen


WRITER = """
import sys
from pathlib import Path
from inpars.models.language.cache import AnswerCache, Database
cache = AnswerCache(Database(Path(sys.argv[1])))
for number in range(100):
    cache.put([(f"{sys.argv[2]}-{number}", b"{}")])
"""


def test_several_processes_write_at_once(tmp_path):
    path = tmp_path / "requests.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(keys_in(path)) == 300
    assert AnswerCache(Database(path)).get("2-99") == (b"{}", False)


RUN = """
import sys
from inpars.models.language.base import Prompt, Sampling
from inpars.models.language.openai import OpenAIModel, retry
from inpars.models.language.options import OpenAIOptions
retry.BASE_WAIT = 0.002
model = OpenAIModel("tiny", OpenAIOptions(base_url=sys.argv[1], concurrency=16, retries=20, timeout=2.0))
prompts = (Prompt(f"d{n}", f"document {n}") for n in range(2000))
print(sum(not answer.error for answer in model.complete(prompts, Sampling(temperature=1.0))))
"""


def test_a_kill_in_the_middle_of_two_thousand_requests_pays_for_nothing_twice(endpoint, tmp_path):
    """Killed with -9, only what was under way at that moment may be asked for again."""
    endpoint.random_faults(rate=0.3, seed=2, patience=2.5)
    endpoint.delay = 0.003
    environment = {**os.environ, "INPARS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", RUN, endpoint.url]
    first = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(endpoint.answered) < 700 and time.monotonic() < deadline:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    time.sleep(0.5)
    kept = keys_in(Path(tmp_path / "requests.sqlite"))
    answered_before = set(endpoint.answered)
    assert 600 < len(kept) < 1500
    assert kept <= answered_before
    assert len(answered_before - kept) <= 16

    seen_before = len(endpoint.seen)
    second = subprocess.run(command, env=environment, stdout=subprocess.PIPE, timeout=100, check=True)
    assert second.stdout.strip() == b"2000"
    assert not kept & {seen.key for seen in endpoint.seen[seen_before:]}
    assert len(endpoint.answered) == 2000
    assert sum(count - 1 for count in endpoint.answered.values()) <= 16

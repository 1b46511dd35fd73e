"""What goes wrong on the way: tried again, told for one prompt, or the end of the run."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter

import pytest
from server import Fault, fault

from conftest import KEY
from inpars.errors import InparsError, OptionError
from inpars.models.language.base import Prompt, Sampling
from inpars.models.language.openai import OpenAIModel, retry
from inpars.models.language.openai import workers as workers_module
from inpars.models.language.options import OpenAIOptions

ONE = Prompt("d1", "wings")


def prompts(count):
    return [Prompt(f"d{number}", f"document {number}") for number in range(count)]


def test_two_thousand_requests_of_which_a_third_fail(endpoint, make):
    """Every prompt ends in one answer or one error, and nothing that was answered is sent again."""
    endpoint.random_faults(rate=0.3, seed=1, patience=2.5)
    endpoint.delay = 0.003
    model = make(retries=2, timeout=2.0, concurrency=16)
    answers = list(model.complete(prompts(2000), Sampling(temperature=1.0)))
    assert Counter(answer.key for answer in answers) == Counter(prompt.key for prompt in prompts(2000))
    failed = [answer for answer in answers if answer.error]
    assert all(bool(answer.completions) != bool(answer.error) for answer in answers)
    # Three attempts fail together in 2.7 of 100 cases.
    assert 20 < len(failed) < 100
    assert all("after 3 attempts" in answer.error for answer in failed)
    assert set(endpoint.answered.values()) == {1}
    assert len(endpoint.answered) == 2000 - len(failed)
    assert endpoint.most_under_way <= 16

    # The next run asks only for what failed.
    before = endpoint.answered.copy()
    endpoint.faults = lambda seen, attempt: None
    again = list(make().complete(prompts(2000), Sampling(temperature=1.0)))
    assert not any(answer.error for answer in again)
    assert {answer.key for answer in again if not answer.reused} == {answer.key for answer in failed}
    assert (endpoint.answered - before).total() == len(failed)


@pytest.mark.parametrize(
    "kind", ["429", "429-after", "500", "503", "408", "409", "reset", "cut-off", "truncated", "no-json", "empty"]
)
def test_passing_faults_are_tried_again(endpoint, make, kind):
    endpoint.script(kind, kind)
    [answer] = make().complete([ONE], Sampling())
    assert not answer.error
    assert answer.requests == len(endpoint.seen) == 3


def test_an_answer_that_takes_too_long_is_asked_for_again(endpoint, make):
    endpoint.script(fault("timeout", patience=2.0))
    begun = time.monotonic()
    [answer] = make(timeout=0.5).complete([ONE], Sampling())
    assert not answer.error
    assert answer.requests >= 2
    assert time.monotonic() - begun < 2.0


def test_no_more_attempts_than_allowed(endpoint, make):
    endpoint.faults = lambda seen, attempt: fault("500")
    [answer] = make(retries=3).complete([ONE], Sampling())
    assert answer.error == "status 500: fault 500, after 4 attempts"
    assert answer.requests == len(endpoint.seen) == 4
    assert not answer.completions


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "0.4"}, 0.4),
        ({"retry-after-ms": "300", "Retry-After": "9"}, 0.3),
        ({"Retry-After": "60"}, 0.5),
    ],
    ids=["seconds", "milliseconds", "no longer than max_wait"],
)
def test_what_the_server_asks_to_wait_is_waited(endpoint, make, headers, seconds):
    endpoint.script(Fault(503, {"message": "busy"}, headers))
    list(make(max_wait=0.5).complete([ONE], Sampling()))
    first, second = endpoint.seen
    assert seconds <= second.at - first.at < seconds + 2


def test_waits_double_up_to_the_longest(monkeypatch):
    monkeypatch.setattr(retry, "BASE_WAIT", 0.5)
    random.seed(1)
    for attempt, most in ((1, 0.5), (2, 1.0), (5, 8.0), (20, 60.0)):
        waits = [retry.backoff(attempt, 60.0) for _ in range(200)]
        assert most / 2 <= min(waits) < max(waits) <= most
        assert len(set(waits)) > 100


def test_too_many_requests_hold_everyone_back(endpoint, make):
    endpoint.script(Fault(429, {"message": "slow down"}, {"Retry-After": "0.5"}))
    list(make(concurrency=4).complete(prompts(30), Sampling()))
    times = sorted(seen.at for seen in endpoint.seen)
    pauses = [number for number in range(1, 31) if times[number] - times[number - 1] > 0.4]
    # A few that were under way with it, then nobody until the wait is over.
    assert len(times) == 31
    assert len(pauses) == 1
    assert pauses[0] < 15


def test_no_more_requests_under_way_than_allowed(endpoint, make):
    endpoint.delay = 0.03
    list(make(concurrency=3).complete(prompts(30), Sampling()))
    assert endpoint.most_under_way == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (fault("quota"), "quota is spent.*answers so far are kept"),
        (Fault(402, {"message": "Insufficient Balance"}), "quota is spent"),
        (Fault(401, {"message": f"Incorrect API key provided: {KEY}."}), "key is not accepted.*OPENAI_API_KEY"),
        (Fault(403, {"message": "country not supported"}), "access is refused"),
        (Fault(404, {"message": "model not found"}), "no such model.*--openai.api chat"),
        (
            Fault(400, body=[{"error": {"code": 400, "message": "API key not valid. Pass a valid one."}}]),
            "key is not accepted.*OPENAI_API_KEY",
        ),
        (Fault(400, {"message": "This model only supports stream=true."}), "only streams"),
        (Fault(400, {"message": "No such model: tiny"}), "no such model"),
    ],
    ids=["quota", "balance", "key", "forbidden", "model", "key by words", "streams", "model by words"],
)
def test_what_waiting_cannot_mend_ends_the_run_at_the_first_attempt(endpoint, make, wrong, message):
    endpoint.faults = lambda seen, attempt: wrong if "document 5" in seen.body["prompt"] else None
    with pytest.raises(InparsError, match=f"(?s){message}") as caught:
        list(make(concurrency=2).complete(prompts(100), Sampling()))
    assert KEY not in str(caught.value)
    bad = [seen for seen in endpoint.seen if "document 5" in seen.body["prompt"]]
    assert len(bad) == 1
    assert len(endpoint.seen) < 20
    # What was answered until then is kept.
    endpoint.faults = lambda seen, attempt: None
    answers = list(make().complete(prompts(100), Sampling()))
    assert {seen.key for seen in bad} <= set(endpoint.answered)
    assert sum(answer.reused for answer in answers) >= 4
    assert set(endpoint.answered.values()) == {1}


def test_a_prompt_that_is_refused_has_an_error_of_its_own(endpoint, make):
    def refuse(seen, attempt):
        return (
            Fault(400, {"message": f"maximum context length is 16 ({KEY})"}) if "nt 3" in seen.body["prompt"] else None
        )

    endpoint.faults = refuse
    answers = {answer.key: answer for answer in make().complete(prompts(6), Sampling())}
    assert answers["d3"].error == "status 400: maximum context length is 16 ([key])"
    assert [key for key, answer in answers.items() if answer.error] == ["d3"]
    assert len(endpoint.seen) == 6
    # An error is no answer: the next run asks again.
    endpoint.faults = lambda seen, attempt: None
    again = {answer.key: answer for answer in make().complete(prompts(6), Sampling())}
    assert not again["d3"].error
    assert [key for key, answer in again.items() if not answer.reused] == ["d3"]


def test_an_address_where_nothing_answers_is_told_soon():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(InparsError, match=f"(?s)nothing answers at {url}.*is the server running"):
        list(OpenAIModel("tiny", OpenAIOptions(base_url=url)).complete(prompts(3), Sampling()))


@pytest.mark.parametrize("retries", [0, 1])
def test_it_is_told_with_few_retries_too(retries):
    model = OpenAIModel("tiny", OpenAIOptions(base_url="http://127.0.0.1:1/v1", retries=retries))
    with pytest.raises(InparsError, match="nothing answers at"):
        list(model.complete(prompts(3), Sampling()))


def test_a_failure_that_is_the_same_for_all_ends_the_run(endpoint, make):
    endpoint.faults = lambda seen, attempt: Fault(400, {"message": "project acme is archived"})
    with pytest.raises(InparsError, match=r"first 20 requests all failed alike.*project acme is archived"):
        list(make(concurrency=2).complete(prompts(100), Sampling()))
    assert len(endpoint.seen) < 30


@pytest.mark.parametrize("message", ["project acme is archived", "the request exceeds the context size"])
def test_a_failure_of_which_others_are_free_ends_no_run(endpoint, make, message):
    def refuse(seen, attempt):
        first = seen.body["prompt"] == "document 0" and "archived" in message
        return None if first else Fault(400, {"message": message})

    endpoint.faults = refuse
    answers = list(make(concurrency=1).complete(prompts(40), Sampling()))
    assert sum(bool(answer.error) for answer in answers) >= 39


def test_a_temperature_of_zero_that_is_refused_is_left_out(endpoint, make, capfd):
    wrong = Fault(422, body={"error": "Input validation error: `temperature` must be strictly positive"})
    endpoint.faults = lambda seen, attempt: wrong if "temperature" in seen.body else None
    [answer] = make().complete([ONE], Sampling(temperature=0.0))
    assert not answer.error
    assert "takes no temperature" in capfd.readouterr().err


def test_the_query_of_an_address_goes_with_every_request(endpoint, make):
    [answer] = make(base_url=f"{endpoint.url}?api-version=2024").complete([ONE], Sampling())
    assert not answer.error
    assert endpoint.seen[0].path == "/v1/completions?api-version=2024"


def test_an_address_without_a_scheme_is_told_with_one():
    with pytest.raises(OptionError, match=r"(?s)found 'localhost:8799/v1'.*put http:// before it"):
        OpenAIModel("tiny", OpenAIOptions(base_url="localhost:8799/v1"))


def test_secrets_in_an_address_are_not_told(monkeypatch):
    url = "http://me:secret@127.0.0.1:1/v1?token=secret"
    model = OpenAIModel("tiny", OpenAIOptions(base_url=url))
    with pytest.raises(InparsError, match="nothing answers") as caught:
        list(model.complete([ONE], Sampling()))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-abc\ndef0123456", "sk-abcdéf0123456", "sk abcdef0123456"])
def test_a_key_that_cannot_be_one_is_not_sent_and_not_told(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    model = OpenAIModel("tiny", OpenAIOptions(base_url="http://localhost:1/v1"))
    with pytest.raises(InparsError, match="OPENAI_API_KEY holds characters") as caught:
        model.complete([ONE], Sampling())
    assert "0123456" not in str(caught.value)


@pytest.mark.parametrize("key", ["gsk_0123456789", "0123456789abcdef"])
def test_a_key_of_any_form_that_a_server_repeats_is_not_told(endpoint, make, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    endpoint.script(Fault(400, {"message": f"bad token {key} (sk-ab**********yz)"}))
    [answer] = make().complete([ONE], Sampling())
    assert answer.error == "status 400: bad token [key] ([key])"


def test_no_key_and_no_request_is_logged(endpoint, make, caplog):
    caplog.set_level(logging.INFO)
    endpoint.script("429", "500", "401")
    with pytest.raises(InparsError):
        list(make().complete([ONE], Sampling()))
    assert caplog.text == ""


def test_prompts_are_drawn_only_as_they_are_needed(endpoint, make):
    drawn = 0

    def source():
        nonlocal drawn
        for prompt in prompts(1000):
            drawn += 1
            yield prompt

    answers = make(concurrency=4).complete(source(), Sampling())
    for _ in range(10):
        next(answers)
    assert drawn <= 10 + 2 * 4
    answers.close()
    assert drawn <= 10 + 2 * 4


def test_a_reader_that_stops_early_leaves_no_threads_and_loses_no_answer(endpoint, make):
    endpoint.delay = 0.05
    answers = make(concurrency=8).complete(prompts(100), Sampling())
    next(answers)
    answers.close()
    others = {"inpars-locks"}
    assert not [t for t in threading.enumerate() if t.name.startswith("inpars-") and t.name not in others]
    sent = len(endpoint.seen)
    again = list(make(concurrency=8).complete(prompts(100), Sampling()))
    assert len(again) == 100
    assert sum(answer.reused for answer in again) == sent
    assert set(endpoint.answered.values()) == {1}


def test_nobody_waits_out_a_long_pause_for_a_reader_that_has_left(endpoint, make):
    def refuse(seen, attempt):
        busy = Fault(503, {"message": "busy"}, {"Retry-After": "100"})
        return busy if seen.body["prompt"] == "document 1" else None

    endpoint.faults = refuse
    answers = make(concurrency=2).complete(prompts(2), Sampling())
    next(answers)
    begun = time.monotonic()
    answers.close()
    assert time.monotonic() - begun < 5


def test_a_server_that_hangs_holds_up_the_end_no_longer_than_the_grace(endpoint, make, monkeypatch):
    monkeypatch.setattr(workers_module, "GRACE", 0.1)
    endpoint.faults = lambda seen, attempt: fault("timeout", patience=1.5) if "0" in seen.body["prompt"] else None
    model = make(concurrency=2)
    answers = model.complete(prompts(2), Sampling())
    assert next(answers).key == "d1"
    begun = time.monotonic()
    answers.close()
    assert time.monotonic() - begun < 1
    # The thread is left to itself, and keeps the answer when it comes.
    deadline = time.monotonic() + 10
    while not model._cache.get(endpoint.seen[0].key) or not model._cache.get(endpoint.seen[1].key):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_the_source_of_prompts_raises_comes_through(make):
    def source():
        yield ONE
        raise InparsError("the corpus broke off")

    with pytest.raises(InparsError, match="the corpus broke off"):
        list(make().complete(source(), Sampling()))


def test_requests_per_minute_are_kept_over_the_wire(endpoint, make):
    list(make(requests_per_minute=600, concurrency=8).complete(prompts(8), Sampling()))
    times = [seen.at for seen in endpoint.seen]
    assert times[-1] - times[0] > 0.55


def test_tokens_per_minute_are_kept_over_the_wire(endpoint, make):
    # Each request is booked with its 2 tokens of prompt and 64 of answer, and uses 110 by the server's count.
    list(make(tokens_per_minute=66_000, concurrency=1).complete(prompts(6), Sampling()))
    times = [seen.at for seen in endpoint.seen]
    assert 0.45 < times[-1] - times[0] < 3

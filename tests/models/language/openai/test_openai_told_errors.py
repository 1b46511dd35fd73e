"""Errors that come with status 200, or in which one choice ended: what they mean follows from what they say."""

from __future__ import annotations

import pytest
from server import Fault, chat_choice

from inpars.errors import InparsError
from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.cache import AnswerCache, Database, cache_path
from inpars.models.language.openai.bodies import code_and_message, error_in, status_of

ONE = Prompt("d1", messages=(Message("user", "wings"),))


def told(body, **more):
    return Fault(200, body=body, **more)


def prompts(count):
    return [Prompt(f"d{number}", messages=(Message("user", f"document {number}"),)) for number in range(count)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "Add credits", "code": 402}}, "quota is spent.*error 402: Add credits"),
        ({"error": {"message": "No auth", "code": "401"}, "user_id": "u"}, "key is not accepted.*No auth"),
        ({"error": {"message": "Not for you", "type": "permission_error"}}, "access is refused.*Not for you"),
        ({"error": {"message": "Wrong API key provided"}}, "key is not accepted"),
        ({"error": "Unexpected endpoint or method. (POST /chat)"}, "no such model or call.*Unexpected endpoint"),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None}, "quota is spent"),
        ({"status": 404, "error": "Not Found", "path": "/chat"}, "no such model or call.*Not Found"),
        ([{"error": {"code": 403, "message": "blocked", "status": "PERMISSION_DENIED"}}], "access is refused.*blocked"),
    ],
)
def test_what_waiting_cannot_mend_ends_the_run_at_once(endpoint, make, body, message):
    endpoint.faults = lambda seen, attempt: told(body)
    with pytest.raises(InparsError, match=f"(?s){message}"):
        list(make(concurrency=1).complete([ONE], Sampling()))
    assert len(endpoint.seen) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "Model acme/none is not available", "code": 400}}, "error 400: Model acme/none"),
        ({"error": "The context length is 16"}, "The context length is 16"),
        ({"error": ["too long", "too odd"]}, "too long; too odd"),
        ({"errors": [{"message": "bad field", "code": 422}]}, "error 422: bad field"),
        ({"object": "error", "message": "prompt is empty", "code": 40303}, "prompt is empty"),
        ({"detail": [{"loc": ["body", "messages"], "msg": "Field required"}]}, "'messages' Field required"),
    ],
)
def test_a_prompt_that_is_refused_is_given_up_at_once_with_the_servers_words(endpoint, make, body, message):
    endpoint.faults = lambda seen, attempt: told(body) if "nt 1" in seen.body["messages"][0]["content"] else None
    answers = {answer.key: answer for answer in make().complete(prompts(3), Sampling())}
    assert message in answers["d1"].error
    assert [key for key, answer in answers.items() if answer.error] == ["d1"]
    assert len(endpoint.seen) == 3


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "slow down"}},
            "choices": None,
        },
        {"error": {"message": "Overloaded", "type": "overloaded_error"}, "type": "error"},
        {"error": "The model has crashed without additional information"},
        {"error": {"message": "Upstream error", "code": 502}},
    ],
)
def test_what_may_pass_is_tried_again(endpoint, make, body):
    endpoint.script(told(body), told(body))
    [answer] = make().complete([ONE], Sampling())
    assert not answer.error
    assert len(endpoint.seen) == 3


def test_too_many_requests_hold_everyone_back(endpoint, make, monkeypatch):
    model = make(concurrency=1)
    waits = []
    refused = model._sender.pace.refused
    monkeypatch.setattr(model._sender.pace, "refused", lambda sent, wait: (waits.append(wait), refused(sent, wait)))
    endpoint.script(told({"error": {"code": 429, "message": "slow down"}}))
    list(model.complete([ONE], Sampling()))
    assert len(waits) == 1


FAILED = [
    {**chat_choice(""), "finish_reason": "error", "error": {"code": 502, "message": "Upstream error"}},
    {**chat_choice("half an ans"), "finish_reason": "error"},
    {**chat_choice(""), "finish_reason": "abort"},
]


@pytest.mark.parametrize("choice", FAILED)
def test_a_choice_that_failed_is_an_error_and_is_never_kept(endpoint, make, choice):
    endpoint.answer = lambda body: {"choices": [choice]}
    [answer] = make(retries=1).complete([ONE], Sampling())
    assert "status 200 with error 502" in answer.error
    assert len(endpoint.seen) == 2
    endpoint.answer = None
    [answer] = make().complete([ONE], Sampling())
    assert not answer.error
    assert not answer.reused


def test_a_failed_choice_that_was_kept_as_an_answer_is_asked_for_again(endpoint, make):
    import orjson

    list(make().complete([ONE], Sampling()))
    cache = AnswerCache(Database(cache_path(None)))
    [key] = [seen.key for seen in endpoint.seen]
    cache.forget(key)
    cache.put([(key, orjson.dumps({"choices": [FAILED[0]]}))])
    [answer] = make().complete([ONE], Sampling())
    assert not answer.error
    assert not answer.reused
    [answer] = make().complete([ONE], Sampling())
    assert answer.reused


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [chat_choice("what is lift")], "error": None},
        {"choices": [chat_choice("what is lift")], "error": {"code": 0, "message": ""}},
        {"choices": [chat_choice("")]},
        {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}], "error": {}},
        {"choices": [chat_choice("x")], "message": "ok", "object": "chat.completion"},
    ],
)
def test_an_answer_is_no_error(answer):
    assert error_in(answer) is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": "insufficient_quota", "message": "You exceeded your current quota"}, 402),
        ({"message": "Rate limit reached for requests"}, 429),
        ({"status": "RESOURCE_EXHAUSTED", "message": "x"}, 429),
        ({"status": "UNAVAILABLE", "message": "x"}, 503),
        ({"type": "invalid_request_error", "message": "the api key is fine, the model is not"}, 400),
        ({"message": "who knows"}, 400),
        ("Failed to load model", 503),
    ],
)
def test_an_error_without_a_status_has_that_of_its_like(error, status):
    assert status_of(error) == status


def test_what_a_provider_behind_a_router_said_is_told_too():
    error = {"message": "Provider returned error", "metadata": {"raw": "model is cold"}}
    assert code_and_message(error)[1] == "Provider returned error (model is cold)"


HOME = b"<!doctype html><html><head><title>A chat for your browser</title></head><body></body></html>"


def test_a_web_page_in_place_of_an_answer_says_that_there_is_no_api(endpoint, make):
    endpoint.faults = lambda seen, attempt: told(HOME, content_type="text/html")
    with pytest.raises(InparsError, match=r"a web page \('A chat for your browser'\).* no API") as caught:
        list(make(concurrency=1).complete([ONE], Sampling()))
    assert "--openai.base-url" in caught.value.hint
    assert len(endpoint.seen) == 3


def test_an_address_without_its_version_gets_the_one_with_it_as_a_hint(endpoint, make):
    endpoint.faults = lambda seen, attempt: told(HOME, content_type="text/html")
    bare = endpoint.url.removesuffix("/v1")
    with pytest.raises(InparsError) as caught:
        list(make(base_url=bare, concurrency=1).complete([ONE], Sampling()))
    assert f"--openai.base-url {bare}/v1" in caught.value.hint
    endpoint.faults = lambda seen, attempt: Fault(404, body=b"404 page not found", content_type="text/plain")
    with pytest.raises(InparsError, match="404 page not found") as caught:
        list(make(base_url=bare, concurrency=1).complete([ONE], Sampling()))
    assert f"--openai.base-url {bare}/v1" in caught.value.hint


def test_an_address_that_names_the_call_gets_the_one_without_it_as_a_hint(endpoint, make):
    endpoint.faults = lambda seen, attempt: Fault(404, {"message": "not found"})
    with pytest.raises(InparsError) as caught:
        list(make(base_url=f"{endpoint.url}/chat/completions").complete([ONE], Sampling()))
    assert caught.value.hint.endswith(f"--openai.base-url {endpoint.url}")


def test_a_page_of_a_gateway_passes_once_the_server_is_back(endpoint, make):
    page = told(b"<html><head><title>502 Bad Gateway</title></head></html>", content_type="text/html")
    endpoint.script(*[page] * 5)
    [answer] = make().complete([ONE], Sampling())
    assert not answer.error


@pytest.mark.parametrize(
    "stream",
    [
        b'data: {"choices": [{"delta": {"content": "what"}}]}\n\ndata: [DONE]\n\n',
        b': PROCESSING\n\ndata: {"choices": []}\n\n',
        b'{"message": {"content": "what"}, "done": false}\n{"message": {"content": " is"}, "done": true}\n',
    ],
)
def test_a_server_that_only_streams_is_named(endpoint, make, stream):
    endpoint.faults = lambda seen, attempt: told(stream, content_type="text/event-stream")
    with pytest.raises(InparsError, match="only streams"):
        list(make(concurrency=1).complete([ONE], Sampling()))
    assert len(endpoint.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "message": {"role": "assistant", "content": "what is lift"}, "done": True},
        {"type": "message", "content": [{"type": "text", "text": "what is lift"}]},
        [{"generated_text": "what is lift"}],
    ],
)
def test_the_answer_of_another_api_is_named_after_a_few_attempts(endpoint, make, body):
    endpoint.faults = lambda seen, attempt: told(body)
    with pytest.raises(InparsError, match="another API") as caught:
        list(make(concurrency=1).complete([ONE], Sampling()))
    assert "--openai.base-url" in caught.value.hint
    assert len(endpoint.seen) == 3

"""A system turn that a server refuses goes to the beginning of the user's, learnt once and only where it helps."""

from __future__ import annotations

import pytest
from server import Fault

from inpars.errors import Pending
from inpars.models.language.base import Message, Prompt, Sampling

FOLDED = [{"role": "user", "content": "Be brief.\n\nwings"}]


def prompts(count):
    chat = (Message("system", "Be brief."), Message("user", "wings"))
    return [Prompt(f"d{number}", messages=chat) for number in range(count)]


def roles(seen):
    return [turn["role"] for turn in seen.body["messages"]]


def refuse_system(fault):
    return lambda seen, attempt: fault if "system" in roles(seen) else None


REFUSALS = [
    Fault(400, {"message": "System role not supported"}),
    Fault(400, {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}),
    Fault(400, {"message": "Developer instruction is not enabled for models/tiny"}),
    Fault(422, body={"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user'"}]}),
    Fault(424, {"message": "Template error: invalid operation: System role not supported (in <string>:1)"}),
    Fault(400, {"message": "first message must be from user"}),
    Fault(500, {"message": "jinja2.exceptions.TemplateError: Only user and assistant roles are supported!"}),
    Fault(500, body=b"Internal Server Error", content_type="text/plain"),
    Fault(200, body={"error": {"code": 400, "message": "'messages[0].role' does not support 'system'"}}),
]  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS)
def test_it_stands_in_the_users_turn_from_then_on(endpoint, make, capfd, refusal):
    endpoint.faults = refuse_system(refusal)
    sampling = Sampling(temperature=1.0)
    answers = list(make(concurrency=1).complete(prompts(5), sampling))
    assert not any(answer.error for answer in answers)
    refused = [seen for seen in endpoint.seen if "system" in roles(seen)]
    # A bare 500 may come of anything, so that its cause is confirmed once.
    assert len(refused) == (2 if refusal.body == b"Internal Server Error" else 1)
    assert all(seen.body["messages"] == FOLDED for seen in endpoint.seen if seen not in refused)
    assert answers[0].requests == 1 + len(refused)
    assert capfd.readouterr().err.count("takes no system turn") == 1
    # Kept under what was asked: a later run, which has learnt nothing yet, sends nothing.
    sent = len(endpoint.seen)
    assert all(answer.reused for answer in make().complete(prompts(5), sampling))
    assert len(endpoint.seen) == sent


def test_many_at_once_all_come_through(endpoint, make, capfd):
    endpoint.faults = refuse_system(Fault(500, body=b"Internal Server Error", content_type="text/plain"))
    answers = list(make(concurrency=8, retries=0).complete(prompts(30), Sampling(temperature=1.0)))
    assert not any(answer.error for answer in answers)
    assert capfd.readouterr().err.count("takes no system turn") == 1


def test_a_500_that_has_passed_by_itself_changes_nothing(endpoint, make, capfd):
    endpoint.script("500")
    answers = list(make(concurrency=1).complete(prompts(3), Sampling(temperature=1.0)))
    assert not any(answer.error for answer in answers)
    assert [roles(seen) for seen in endpoint.seen] == [
        ["system", "user"], ["user"], ["system", "user"], ["system", "user"], ["system", "user"]
    ]  # fmt: skip
    assert "system turn" not in capfd.readouterr().err
    assert answers[0].requests == 3


def test_without_it_the_server_is_tried_once_before_giving_up(endpoint, make):
    endpoint.faults = lambda seen, attempt: Fault(500, {"message": "out of order"})
    [answer] = make(retries=2).complete(prompts(1), Sampling())
    assert answer.error.startswith("status 500: out of order")
    assert [roles(seen) for seen in endpoint.seen].count(["user"]) == 1
    assert len(endpoint.seen) == 4


def test_another_refusal_is_told_as_it_is(endpoint, make):
    endpoint.faults = lambda seen, attempt: Fault(400, {"message": "the prompt is too long"})
    [answer] = make().complete(prompts(1), Sampling())
    assert answer.error == "status 400: the prompt is too long"
    assert len(endpoint.seen) == 1


def test_an_overload_meanwhile_does_not_spoil_the_attempt(endpoint, make):
    endpoint.script(Fault(400, {"message": "System role not supported"}), "429")
    [answer] = make().complete(prompts(1), Sampling())
    assert not answer.error
    assert [roles(seen) for seen in endpoint.seen] == [["system", "user"], ["user"], ["user"]]


def test_a_chat_without_one_is_sent_as_it_is(endpoint, make):
    endpoint.faults = lambda seen, attempt: Fault(400, {"message": "System role not supported"})
    [answer] = make().complete([Prompt("d1", messages=(Message("user", "wings"),))], Sampling())
    assert "System role not supported" in answer.error
    assert len(endpoint.seen) == 1


def test_examples_follow_as_turns_of_their_own(endpoint, make):
    endpoint.faults = refuse_system(REFUSALS[0])
    turns = [("system", "Be brief."), ("user", "a"), ("assistant", "b"), ("user", "c")]
    [answer] = make().complete([Prompt("d1", messages=tuple(Message(*turn) for turn in turns))], Sampling())
    assert not answer.error
    sent = [(turn["role"], turn["content"]) for turn in endpoint.seen[-1].body["messages"]]
    assert sent == [("user", "Be brief.\n\na"), ("assistant", "b"), ("user", "c")]


def test_in_a_batch_it_is_learnt_for_the_next_one_and_for_later_runs(endpoint, make):
    sampling = Sampling(temperature=1.0)
    refusal = {"message": "System role not supported"}

    def finish():
        endpoint.finish(failing=lambda body: (400, refusal) if body["messages"][0]["role"] == "system" else None)

    for _ in range(2):
        with pytest.raises(Pending):
            list(make(batch_api=True).complete(prompts(2), sampling))
        finish()
    assert not any(answer.error for answer in make(batch_api=True).complete(prompts(2), sampling))
    assert len(endpoint.batches) == 2


def test_in_a_batch_a_refusal_that_stays_is_told(endpoint, make):
    for _ in range(2):
        with pytest.raises(Pending):
            list(make(batch_api=True).complete(prompts(2), Sampling(temperature=1.0)))
        endpoint.finish(failing=lambda body: (400, {"message": "unknown role"}))
    answers = list(make(batch_api=True).complete(prompts(2), Sampling(temperature=1.0)))
    assert [answer.error for answer in answers] == ["status 400: unknown role"] * 2

"""The Batch API: handed over by one run, collected by another, and never handed over twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest
from server import fault

from inpars.errors import InparsError, Pending
from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.openai import batch as batch_module
from inpars.models.language.openai.answers import BrokenAnswer

SAMPLING = Sampling(temperature=1.0)


def prompts(count, kind="document"):
    return [Prompt(f"d{number}", f"{kind} {number}") for number in range(count)]


def hand_over(model, asked, sampling=SAMPLING):
    """The error in which a run ends that has to wait for a batch."""
    with pytest.raises(Pending) as caught:
        list(model.complete(asked, sampling))
    return caught.value


def texts_submitted(endpoint):
    """How often each prompt lies in a file that was made a batch."""
    import json

    lines = [
        json.loads(line)
        for batch in endpoint.batches.values()
        for line in endpoint.files[batch["input_file_id"]].splitlines()
    ]
    return Counter(line["body"].get("prompt") or line["body"]["messages"][0]["content"] for line in lines)


def test_a_run_ends_when_the_batch_is_handed_over_and_another_collects(endpoint, make, tmp_path):
    table = tmp_path / "prices.yaml"
    table.write_text("tiny: {input: 1, output: 2, batch_discount: 0.5}\n")
    pending = hand_over(make(batch_api=True), prompts(5))
    assert pending.exit_code == 75
    assert "5 requests" in str(pending)
    assert "run the same command again" in pending.hint
    [batch] = endpoint.batches.values()
    assert (batch["endpoint"], batch["completion_window"]) == ("/v1/completions", "24h")

    # Not done yet: nothing is handed over again.
    assert "0 submitted now" in str(hand_over(make(batch_api=True), prompts(5)))
    endpoint.finish()
    answers = list(make(batch_api=True, prices=table).complete(prompts(5), SAMPLING))
    assert {answer.key for answer in answers} == {f"d{n}" for n in range(5)}
    assert all(answer.completions[0].log_probs for answer in answers)
    assert [(a.reused, a.requests, a.cost) for a in answers] == [(False, 1, pytest.approx(120e-6 / 2))] * 5
    assert len(endpoint.batches) == 1
    assert not endpoint.completions_seen

    # The price counts once, and the answers serve runs without the Batch API too.
    again = list(make(prices=table).complete(prompts(5), SAMPLING))
    assert [(a.reused, a.requests, a.cost) for a in again] == [(True, 0, 0.0)] * 5
    assert not endpoint.completions_seen


def test_only_what_is_not_known_is_handed_over(endpoint, make):
    list(make().complete(prompts(3), SAMPLING))
    hand_over(make(batch_api=True), prompts(5))
    assert texts_submitted(endpoint) == {"document 3": 1, "document 4": 1}


def test_chats_and_texts_go_in_batches_of_their_own(endpoint, make):
    chats = [Prompt(f"c{n}", messages=(Message("user", f"chat {n}"),)) for n in range(2)]
    hand_over(make(batch_api=True), [*prompts(2), *chats])
    assert sorted(b["endpoint"] for b in endpoint.batches.values()) == ["/v1/chat/completions", "/v1/completions"]
    endpoint.finish()
    answers = list(make(batch_api=True).complete([*prompts(2), *chats], SAMPLING))
    assert {answer.key for answer in answers if answer.completions} == {"d0", "d1", "c0", "c1"}


@pytest.mark.parametrize(("limit", "value"), [("MOST_REQUESTS", 4), ("MOST_BYTES", 1000)])
def test_files_are_no_larger_than_allowed(endpoint, make, monkeypatch, limit, value):
    monkeypatch.setattr(batch_module, limit, value)
    hand_over(make(batch_api=True), prompts(10))
    assert len(endpoint.batches) >= 3
    assert texts_submitted(endpoint) == {f"document {n}": 1 for n in range(10)}
    assert all(len(file.splitlines()) <= 4 for file in endpoint.files.values())
    endpoint.finish()
    assert len(list(make(batch_api=True).complete(prompts(10), SAMPLING))) == 10


def test_equal_requests_are_handed_over_once(endpoint, make):
    same = [Prompt(f"d{n}", "the same") for n in range(3)]
    hand_over(make(batch_api=True), same, Sampling())
    assert texts_submitted(endpoint) == {"the same": 1}
    endpoint.finish()
    answers = list(make(batch_api=True).complete(same, Sampling()))
    assert [answer.requests for answer in answers] == [1, 0, 0]


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_a_batch_answered_before_its_end_is_kept_and_the_rest_handed_over_again(endpoint, make, status, capfd):
    hand_over(make(batch_api=True), prompts(6))
    endpoint.finish(status, failing=lambda body: (0, None) if body["prompt"][-1] in "45" else None)
    assert "2 requests" in str(hand_over(make(batch_api=True), prompts(6)))
    assert status in capfd.readouterr().err
    assert texts_submitted(endpoint) == {f"document {n}": 1 + (n in (4, 5)) for n in range(6)}
    endpoint.finish()
    answers = list(make(batch_api=True).complete(prompts(6), SAMPLING))
    assert not any(answer.error for answer in answers)


def test_a_batch_that_failed_as_a_whole_says_why_and_is_handed_over_again(endpoint, make, capfd):
    hand_over(make(batch_api=True), prompts(2))
    endpoint.finish("failed")
    hand_over(make(batch_api=True), prompts(2))
    assert "Enqueued token limit reached" in capfd.readouterr().err.replace("\n", " ")
    assert len(endpoint.batches) == 2


def test_a_refused_request_is_an_error_once_and_is_tried_again_by_the_next_run(endpoint, make):
    hand_over(make(batch_api=True), prompts(3))
    endpoint.finish(failing=lambda body: (400, {"message": "too long"}) if "1" in body["prompt"] else None)
    answers = {answer.key: answer for answer in make(batch_api=True).complete(prompts(3), SAMPLING)}
    assert {key: answer.error for key, answer in answers.items()} == {"d0": "", "d1": "status 400: too long", "d2": ""}
    assert "1 requests" in str(hand_over(make(batch_api=True), prompts(3)))
    assert texts_submitted(endpoint)["document 1"] == 2


def test_a_passing_failure_inside_a_batch_is_handed_over_again(endpoint, make):
    hand_over(make(batch_api=True), prompts(3))
    endpoint.finish(failing=lambda body: (500, {"message": "oops"}) if "1" in body["prompt"] else None)
    assert "1 requests" in str(hand_over(make(batch_api=True), prompts(3)))


def test_an_error_in_a_200_inside_a_batch_is_no_answer(endpoint, make):
    hand_over(make(batch_api=True), prompts(3))
    choice = {"index": 0, "text": "", "finish_reason": "error"}
    bodies = {
        "document 0": {"error": {"code": 400, "message": "no such field"}},
        "document 1": {"choices": [choice | {"error": {"code": 502, "message": "upstream"}}]},
    }
    usual = endpoint.completion
    endpoint.completion = lambda path, body: bodies.get(body["prompt"]) or usual(path, body)
    endpoint.finish()
    endpoint.completion = usual
    # What the server's own failure was is handed over again, what it refuses is told.
    assert "1 requests" in str(hand_over(make(batch_api=True), prompts(3)))
    assert texts_submitted(endpoint) == {"document 0": 1, "document 1": 2, "document 2": 1}
    endpoint.finish()
    answers = {answer.key: answer for answer in make(batch_api=True).complete(prompts(3), SAMPLING)}
    assert "no such field" in answers["d0"].error
    assert not answers["d1"].error


def test_a_spent_quota_inside_a_batch_ends_the_run_with_the_answers_kept(endpoint, make):
    quota = fault("quota")
    hand_over(make(batch_api=True), prompts(3))
    endpoint.finish(failing=lambda body: (429, quota.error) if "1" in body["prompt"] else None)
    with pytest.raises(InparsError, match="quota is spent") as caught:
        list(make(batch_api=True).complete(prompts(3), SAMPLING))
    assert not isinstance(caught.value, Pending)
    # Once there is money again, the rest goes out.
    assert "1 requests" in str(hand_over(make(batch_api=True), prompts(3)))


def test_a_field_that_the_model_does_not_take_is_left_out_the_second_time(endpoint, make):
    hand_over(make(batch_api=True), prompts(2))
    refusal = {"message": "Unsupported parameter: 'seed' is not supported", "param": "seed"}
    endpoint.finish(failing=lambda body: (400, refusal) if "seed" in body else None)
    hand_over(make(batch_api=True), prompts(2))
    endpoint.finish(failing=lambda body: (400, refusal) if "seed" in body else None)
    assert not any(answer.error for answer in make(batch_api=True).complete(prompts(2), SAMPLING))


def test_missing_completions_go_in_another_batch(endpoint, make):
    endpoint.most_choices = 2
    sampling = Sampling(n=3, temperature=1.0)
    hand_over(make(batch_api=True), prompts(2), sampling)
    endpoint.finish()
    hand_over(make(batch_api=True), prompts(2), sampling)
    endpoint.finish()
    answers = list(make(batch_api=True).complete(prompts(2), sampling))
    assert [len(answer.completions) for answer in answers] == [3, 3]
    assert len(endpoint.batches) == 2


def test_a_batch_of_another_run_does_not_hold_this_one_up(endpoint, make):
    hand_over(make(batch_api=True), prompts(2, "other"))
    list(make().complete(prompts(2), SAMPLING))
    assert len(list(make(batch_api=True).complete(prompts(2), SAMPLING))) == 2


def test_a_batch_that_the_server_has_lost_is_handed_over_again(endpoint, make, capfd):
    hand_over(make(batch_api=True), prompts(2))
    endpoint.batches.clear()
    hand_over(make(batch_api=True), prompts(2))
    assert "is gone" in capfd.readouterr().err
    assert len(endpoint.batches) == 1


def test_a_download_that_breaks_off_is_taken_up_again(endpoint, make, monkeypatch):
    hand_over(make(batch_api=True), prompts(3))
    endpoint.finish()
    whole, tries = batch_module._download, []

    def breaking(client, file_id, file):
        whole(client, file_id, file)
        tries.append(file_id)
        if len(tries) == 1:
            file.truncate(10)
            raise BrokenAnswer("a download that broke off")

    monkeypatch.setattr(batch_module, "_download", breaking)
    assert len(list(make(batch_api=True).complete(prompts(3), SAMPLING))) == 3
    assert len(tries) == 2


def test_lines_may_hold_any_character_that_ends_a_line_elsewhere(endpoint, make):
    from server import text_choice

    endpoint.answer = lambda body: {"choices": [text_choice("what\u2028is\u0085lift")]}
    hand_over(make(batch_api=True), prompts(1))
    endpoint.finish()
    [batch] = endpoint.batches.values()
    raw = endpoint.files[batch["output_file_id"]].decode()
    endpoint.files[batch["output_file_id"]] = raw.replace("\\u2028", "\u2028").replace("\\u0085", "\u0085").encode()
    [answer] = make(batch_api=True).complete(prompts(1), SAMPLING)
    assert answer.completions[0].text == "what\u2028is\u0085lift"


def test_an_upload_is_tried_again_and_a_lost_answer_makes_no_second_batch(endpoint, make):
    dropped = []

    def drop(seen, attempt):
        """The first upload fails, and the answer to the first batch that was made is lost."""
        if seen.path.endswith("/files") and not dropped:
            dropped.append("file")
            return fault("500")
        if seen.path.endswith("/batches") and len(dropped) == 1:
            dropped.append("batch")
            endpoint.batches["batch-0"] = {
                "id": "batch-0", "object": "batch", "status": "validating", "created_at": 2**33, **seen.body,
            }  # fmt: skip
            return fault("reset")
        return None

    endpoint.faults = drop
    hand_over(make(batch_api=True), prompts(2))
    assert dropped == ["file", "batch"]
    assert list(endpoint.batches) == ["batch-0"]


KILLED = """
import os, sys
from inpars.models.language.base import Prompt, Sampling
from inpars.models.language.openai import OpenAIModel
from inpars.models.language.openai.ledger import Ledger
from inpars.models.language.openai.sending import Sender
from inpars.models.language.options import OpenAIOptions

when = sys.argv[2]
calls = []
call = Sender.call

def killed_call(self, function):
    if when == "before the upload":
        os.kill(os.getpid(), 9)
    result = call(self, function)
    calls.append(function.__name__)
    if when == "after the upload" or (when == "after the batch is made" and len(calls) == 2):
        os.kill(os.getpid(), 9)
    return result

Sender.call = killed_call
model = OpenAIModel("tiny", OpenAIOptions(base_url=sys.argv[1], batch_api=True))
list(model.complete((Prompt(f"d{n}", f"document {n}") for n in range(4)), Sampling(temperature=1.0)))
"""


@pytest.mark.parametrize("when", ["before the upload", "after the upload", "after the batch is made"])
def test_a_kill_while_a_batch_is_handed_over_hands_nothing_over_twice(endpoint, make, when):
    ended = subprocess.run([sys.executable, "-c", KILLED, endpoint.url, when], env=dict(os.environ), timeout=60)
    assert ended.returncode == -9
    assert len(endpoint.batches) == (when == "after the batch is made")
    hand_over(make(batch_api=True), prompts(4))
    assert texts_submitted(endpoint) == {f"document {n}": 1 for n in range(4)}
    assert len(endpoint.batches) == 1
    endpoint.finish()
    assert len(list(make(batch_api=True).complete(prompts(4), SAMPLING))) == 4

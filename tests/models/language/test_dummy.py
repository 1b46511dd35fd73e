"""The dummy model: made-up questions that behave as a real model's do."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import islice

from inpars.models.language import open_language_model
from inpars.models.language.base import Answer, Message, Prompt, Sampling
from inpars.models.language.dummy import DummyModel

TEXT = "The boundary layer of a slender cone heats the plate. Relevant query:"


def answer(sampling: Sampling, key: str = "d1", text: str = TEXT) -> Answer:
    (found,) = DummyModel().complete([Prompt(key, text)], sampling)
    return found


def texts(sampling: Sampling, **prompt: str) -> list[str]:
    return [completion.text for completion in answer(sampling, **prompt).completions]


def test_asks_for_words_of_the_prompt() -> None:
    (text,) = texts(Sampling())
    opening, asked = text.split()[:2], text.split()[2:]
    assert opening == ["what", "is"]
    assert len(asked) >= 2
    assert set(asked) <= set(TEXT.replace(".", "").replace(":", "").split())


def test_a_long_prompt_is_asked_about_by_its_end() -> None:
    (text,) = texts(Sampling(), text="early " * 500 + "late " * 64)
    assert "early" not in text


def test_the_same_prompt_has_the_same_answer_whatever_is_asked_beside_it() -> None:
    prompts = [Prompt(f"d{number}", f"{TEXT} {number}") for number in range(20)]
    sampling = Sampling(n=2, temperature=0.7)
    forward = {answer.key: answer for answer in DummyModel().complete(prompts, sampling)}
    backward = {answer.key: answer for answer in DummyModel().complete(prompts[::-2], sampling)}
    assert backward == {key: forward[key] for key in backward}
    assert len({answer.completions[0].text for answer in forward.values()}) > 15


def test_greedy_completions_are_equal_and_know_no_seed() -> None:
    first, second, third = texts(Sampling(n=3, seed=1))
    assert first == second == third
    assert texts(Sampling(n=1, seed=2)) == [first]


def test_drawn_completions_differ_from_each_other_and_by_seed() -> None:
    drawn = texts(Sampling(n=8, temperature=1.0, seed=1))
    assert len(set(drawn)) == 8
    assert texts(Sampling(n=8, temperature=1.0, seed=1)) == drawn
    assert not set(texts(Sampling(n=8, temperature=1.0, seed=2))) & set(drawn)


def test_log_probs_are_one_for_each_token_and_tokens_join_to_the_text() -> None:
    (completion,) = answer(Sampling()).completions
    assert "".join(completion.tokens) == completion.text
    assert completion.log_probs is not None
    assert len(completion.log_probs) == len(completion.tokens)
    assert all(log_prob <= 0 for log_prob in completion.log_probs)
    assert answer(Sampling(log_probs=False)).completions[0].log_probs is None


def test_a_stop_string_cuts_the_text_and_the_tokens_after_it() -> None:
    (whole,) = answer(Sampling()).completions
    (cut,) = answer(Sampling(stop=("s ", "zzz"))).completions
    assert (cut.text, cut.finish_reason) == ("what i", "stop")
    assert cut.tokens == ["what", " is"]
    assert cut.log_probs == (whole.log_probs or [])[:2]
    assert answer(Sampling(stop=("what",))).completions[0].tokens == []


def test_the_limit_on_new_tokens_is_told() -> None:
    (cut,) = answer(Sampling(max_new_tokens=2)).completions
    assert (cut.text, cut.finish_reason, len(cut.tokens)) == ("what is", "length", 2)
    assert answer(Sampling()).completions[0].finish_reason == "stop"


def test_tokens_are_counted() -> None:
    found = answer(Sampling(n=2))
    assert found.prompt_tokens == DummyModel().tokenizer.count(TEXT) > 10
    assert found.completion_tokens == 2 * len(found.completions[0].tokens)


def test_a_chat_is_read_as_its_turns() -> None:
    chat = Prompt("c", messages=(Message("system", "be brief"), Message("user", "wings wings")))
    (found,) = DummyModel().complete([chat], Sampling())
    assert set(found.completions[0].text.split()[2:]) <= {"be", "brief", "wings"}
    assert found.prompt_tokens == 4


def test_a_prompt_without_words_is_answered() -> None:
    assert texts(Sampling(), text="…")[0].startswith("what is this")


def test_fails_where_it_is_told_to() -> None:
    model = DummyModel(fails=lambda key: "no luck" if key == "b" else None)
    found = {answer.key: answer for answer in model.complete([Prompt(key, TEXT) for key in "abc"], Sampling())}
    assert [key for key in found if found[key].error] == ["b"]
    assert (found["b"].error, found["b"].completions) == ("no luck", [])
    assert found["c"].completions


def test_any_number_of_prompts_takes_bounded_memory_and_is_drawn_one_by_one() -> None:
    drawn = 0

    def prompts() -> Iterator[Prompt]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Prompt(str(drawn), f"{TEXT} {'word ' * 2000}")

    answers = DummyModel().complete(prompts(), Sampling())
    next(answers)
    assert drawn == 1
    tracemalloc.start()
    for _ in islice(answers, 200):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Two hundred prompts are 2 MB.
    assert peak < 1_000_000


def test_opens_by_its_spec() -> None:
    model = open_language_model("dummy:small", None)
    assert isinstance(model, DummyModel)
    assert (model.name, model.tokenizer.exact) == ("dummy:small", False)
    assert model.fingerprint() == DummyModel("small").fingerprint() != DummyModel("large").fingerprint()

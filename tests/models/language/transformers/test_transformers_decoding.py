"""What is written for prompts together is what the model writes for each alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_models import ENDS, PREFIX, Library, ask, load, only

from inpars.models.language.base import Prompt, Sampling
from inpars.models.language.transformers.decoding import Decoder, common_prefix, end_tokens
from inpars.models.language.transformers.plain import PlainDecoder

SHARING = ("gpt2", "llama", "gptj", "qwen3", "gpt_neox", "opt", "gemma")
PLAIN = ("mistral", "gemma2", "gpt_neo", "bloom")

Make = Callable[..., Path]
Ask = Callable[[Path], Library]

PROMPTS = {
    "a long shared beginning and ends of different lengths": [PREFIX + end for end in ENDS],
    "nothing shared": ["wing and heat", "lift of a slender body", "東京", "drag", "\n\na nose", "mach 5 is the speed"],
    "one prompt": [PREFIX + ENDS[0]],
    "the same prompt three times": [PREFIX + ENDS[0]] * 3,
    "prompts of one token": ["a", "b", "\n"],
    "one that is the shared beginning and a token more": [PREFIX + "x", PREFIX + "x wing", PREFIX + "x heat"],
}


def assert_written_as_alone(found: Any, expected: list[int], library: Library) -> None:
    """All of the library's tokens, but for those that begin after the text: the end, and half a character before it."""
    assert found.completion_tokens == len(expected)
    ids = only(found).token_ids
    assert ids == expected[: len(ids)]
    rest = expected[len(ids) :]
    assert not rest or rest[-1] == library.tokenizer.eos_token_id
    assert library.tokenizer.decode(rest, skip_special_tokens=True).strip("\ufffd") == ""


@pytest.mark.parametrize("prompts", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("shape", [*SHARING, *PLAIN])
def test_greedy_output_is_token_for_token_that_of_the_library_on_each_prompt_alone(
    shape: str, prompts: list[str], make_model: Make, library: Ask
) -> None:
    folder = make_model(shape)
    model = load(folder, batch_tokens=200)
    found = ask(model, prompts, max_new_tokens=14)
    for text, answer in zip(prompts, found, strict=True):
        assert_written_as_alone(answer, library(folder).greedy(text, 14), library(folder))
    assert isinstance(model.writer, Decoder if shape in SHARING else PlainDecoder)


@pytest.mark.parametrize("shape", ["gpt2", "llama", "gptj", "mistral"])
def test_rows_come_and_go_and_slots_are_filled_anew_without_a_trace_of_who_was_there(
    shape: str, make_model: Make, library: Ask
) -> None:
    folder = make_model(shape)
    prompts = [PREFIX + ENDS[i % 7] + " wing" * (i * 5 % 11) + f" {i}" for i in range(40)]
    reference = library(folder)
    # A stop string that ends the rows at many different steps.
    found = ask(load(folder, batch_tokens=250), prompts, max_new_tokens=20, stop=("e", "o"))
    lengths = set()
    for text, answer in zip(prompts, found, strict=True):
        expected = reference.greedy(text, 20)
        ids = only(answer).token_ids
        assert ids == expected[: len(ids)]
        written = reference.tokenizer.decode(expected, skip_special_tokens=True)
        cut = min((place for stop in "eo" if (place := written.find(stop)) >= 0), default=None)
        assert only(answer).text.rstrip("\ufffd") == written[:cut].rstrip("\ufffd")
        lengths.add(answer.completion_tokens)
    assert len(lengths) > 5, "the rows must end at different steps for this to be a test"


def test_what_the_tiny_models_write_is_varied_enough_to_be_compared(make_model: Make, library: Ask) -> None:
    for shape in (*SHARING, *PLAIN):
        written = [library(make_model(shape)).greedy(text, 14) for text in PROMPTS["nothing shared"]]
        assert len({token for tokens in written for token in tokens}) >= 15, shape


def test_tied_embeddings_stay_tied(make_model: Make, library: Ask) -> None:
    folder = make_model("gpt2", scale=8.0, tie_word_embeddings=True)
    for text, answer in zip(ENDS, ask(load(folder), ENDS, max_new_tokens=10), strict=True):
        assert_written_as_alone(answer, library(folder).greedy(text, 10), library(folder))


SAMPLINGS: dict[str, dict[str, Any]] = {
    "greedy, to the length": {},
    "greedy, to a stop string": {"stop": ("e", " s")},
    "sampled": {"temperature": 0.7, "n": 3},
    "sampled from the likeliest": {"temperature": 0.7, "top_p": 0.9, "n": 3},
    "sampled hot, to a stop string": {"temperature": 1.5, "top_p": 0.95, "n": 2, "stop": ("a",)},
}


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
@pytest.mark.parametrize("shape", ["llama", "gpt2", "mistral"])
def test_log_probs_are_those_of_a_teacher_forced_pass_however_the_tokens_were_chosen(
    shape: str, sampling: dict[str, Any], make_model: Make, library: Ask
) -> None:
    folder = make_model(shape)
    prompts = [PREFIX + end for end in ENDS]
    for text, answer in zip(prompts, ask(load(folder), prompts, max_new_tokens=12, **sampling), strict=True):
        for completion in answer.completions:
            assert completion.log_probs == pytest.approx(
                library(folder).log_probs(text, completion.token_ids), abs=1e-4
            )
            assert len(completion.tokens) == len(completion.token_ids) == len(completion.log_probs)
            assert "".join(completion.tokens).startswith(completion.text)


def test_a_completion_ends_before_the_models_own_end_token_and_says_stop(make_model: Make, library: Ask) -> None:
    folder = make_model("llama")
    answers = ask(load(folder), [PREFIX + end for end in ENDS], max_new_tokens=60, temperature=1.3, n=8, seed=3)
    found = [c for answer in answers for c in answer.completions if c.finish_reason == "stop"]
    assert found, "with another seed some completion must end by itself"
    for completion in found:
        assert library(folder).tokenizer.eos_token_id not in completion.token_ids
        assert len(completion.token_ids) < 60
        assert "<|end|>" not in completion.text


def test_each_end_token_ends_whoever_names_it(make_model: Make, library: Ask, bpe: Any) -> None:
    model = library(make_model("llama")).model
    model.generation_config.eos_token_id = [5, 7]
    try:
        assert end_tokens(model, bpe) == {5, 7, bpe.eos_token_id}
        assert end_tokens(model, None) >= {5, 7}
    finally:
        model.generation_config.eos_token_id = bpe.eos_token_id


def test_models_and_tokenizers_without_end_tokens_write_to_the_length(make_model: Make, library: Ask, bpe: Any) -> None:
    folder = make_model("llama", eos_token_id=None, seed=5)
    model = load(folder)
    model._tokenizer.eos_token = None
    assert model.writer.ends == set()
    assert only(ask(model, [PREFIX], max_new_tokens=5)[0]).finish_reason == "length"


def drawn(answers: list[Any]) -> list[list[list[int]]]:
    return [[completion.token_ids for completion in answer.completions] for answer in answers]


@pytest.mark.parametrize("shape", ["llama", "mistral"])
@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_what_is_drawn_hangs_on_seed_key_and_number_and_on_nothing_beside_it(
    shape: str, top_p: float, make_model: Make
) -> None:
    folder = make_model(shape)
    prompts = [PREFIX + end for end in ENDS]
    sampling: dict[str, Any] = {"temperature": 1.0, "top_p": top_p, "max_new_tokens": 10, "n": 3, "stop": ("e",)}
    everything = drawn(ask(load(folder), prompts, **sampling))

    assert drawn(ask(load(folder, batch_tokens=120), prompts, **sampling)) == everything
    assert drawn(ask(load(folder, share_prefix=False), prompts, **sampling)) == everything
    assert drawn(ask(load(folder), prompts[:1], **sampling)) == everything[:1]
    backwards = load(folder).complete(
        [Prompt(str(i), prompts[i]) for i in reversed(range(len(prompts)))], Sampling(**sampling)
    )
    assert drawn(sorted(backwards, key=lambda answer: answer.key)) == everything
    assert all(
        found != given
        for found, given in zip(drawn(ask(load(folder), prompts, **{**sampling, "seed": 2})), everything, strict=True)
    )


@pytest.mark.parametrize("shape", ["llama", "mistral"])
def test_completions_of_one_prompt_differ_and_the_first_are_the_same_however_many_follow(
    shape: str, make_model: Make
) -> None:
    folder = make_model(shape)
    prompts = [PREFIX + end for end in ENDS]
    sampling: dict[str, Any] = {"temperature": 1.0, "max_new_tokens": 10}
    # More completions than slots or rows of a batch.
    many = drawn(ask(load(folder, batch_tokens=1), prompts, n=70, **sampling))
    few = drawn(ask(load(folder), prompts, n=2, **sampling))
    assert [completions[:2] for completions in many] == few
    assert all(len({tuple(ids) for ids in completions}) > 60 for completions in many)


def test_two_prompts_of_one_text_draw_apart_and_one_key_draws_alike(make_model: Make) -> None:
    model = load(make_model("llama"))
    sampling = Sampling(temperature=1.0, max_new_tokens=10)
    prompts = [Prompt("a", PREFIX), Prompt("b", PREFIX), Prompt("a", PREFIX)]
    by_key: dict[str, list[Any]] = {"a": [], "b": []}
    for answer in model.complete(prompts, sampling):
        by_key[answer.key].append(drawn([answer]))
    assert by_key["a"][0] == by_key["a"][1] != by_key["b"][0]


@pytest.mark.parametrize("shape", ["llama", "mistral"])
def test_one_new_token_is_one_token(shape: str, make_model: Make, library: Ask) -> None:
    folder = make_model(shape)
    prompts = [PREFIX + end for end in ENDS]
    for text, answer in zip(prompts, ask(load(folder), prompts, max_new_tokens=1), strict=True):
        assert_written_as_alone(answer, library(folder).greedy(text, 1), library(folder))


def test_a_run_left_half_way_leaves_nothing_behind_for_the_next(make_model: Make) -> None:
    folder = make_model("llama")
    prompts = [PREFIX + end for end in ENDS]
    expected = drawn(ask(load(folder), prompts, max_new_tokens=10))
    model = load(folder, batch_tokens=120)
    for texts in (prompts, ["a wing is", "a nose"], [PREFIX.upper() * 2 + end for end in ENDS]):
        begun = model.complete([Prompt(str(i), text) for i, text in enumerate(texts)], Sampling(max_new_tokens=20))
        next(begun)
        begun.close()  # type: ignore[attr-defined]
        assert drawn(ask(model, prompts, max_new_tokens=10)) == expected


def test_runs_of_one_model_may_overlap(make_model: Make) -> None:
    model = load(make_model("llama"), batch_tokens=120)
    prompts = [Prompt(str(i), PREFIX + end) for i, end in enumerate(ENDS)]
    others = [Prompt(str(i), PREFIX.upper() + end) for i, end in enumerate(ENDS)]
    sampling = Sampling(max_new_tokens=10)
    expected = [list(model.complete(prompts, sampling)), list(model.complete(others, sampling))]
    first, second = model.complete(prompts, sampling), model.complete(others, sampling)
    pairs = list(zip(first, second, strict=True))
    assert [[pair[i].completions for pair in pairs] for i in (0, 1)] == [
        [answer.completions for answer in answers] for answers in expected
    ]


def test_a_run_that_fails_half_way_leaves_no_half_encoded_prefix(
    make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model("llama")
    prompts = [PREFIX + end for end in ENDS]
    expected = drawn(ask(load(folder), prompts, max_new_tokens=6))
    model = load(folder)
    last = model.writer.model.model.layers[-1]
    with monkeypatch.context() as patch:
        patch.setattr(last, "forward", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ask(model, prompts, max_new_tokens=6)
    assert drawn(ask(model, prompts, max_new_tokens=6)) == expected


def test_the_common_prefix_is_never_the_whole_of_a_prompt() -> None:
    assert common_prefix([[1, 2, 3], [1, 2, 4]]) == (1, 2)
    assert common_prefix([[1, 2], [1, 2, 4]]) == (1,)
    assert common_prefix([[1, 2, 3]]) == (1, 2)
    assert common_prefix([[1, 2, 3], [1, 2, 3]]) == (1, 2)
    assert common_prefix([[1], [1, 2]]) == ()
    assert common_prefix([[1, 2], [3]]) == ()


def test_the_prefix_is_encoded_once_and_kept_for_the_next_run_where_it_is_the_same(
    make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model("llama")
    prompts = [PREFIX + end for end in ENDS]
    others = [PREFIX.upper() + end for end in ENDS]
    expected = [drawn(ask(load(folder), texts, max_new_tokens=8)) for texts in (prompts, others)]
    model = load(folder)
    encoded: list[int] = []
    encode = model.writer._encode
    monkeypatch.setattr(
        model.writer, "_encode", lambda slots, rows, begin: (encoded.append(begin), encode(slots, rows, begin))
    )

    assert drawn(ask(model, prompts, max_new_tokens=8)) == expected[0]
    assert encoded.count(0) == 1
    # In slots of another number and length, too.
    assert drawn(ask(model, [*prompts, *prompts], max_new_tokens=90))
    assert encoded.count(0) == 1
    assert drawn(ask(model, others, max_new_tokens=8)) == expected[1]
    assert encoded.count(0) == 2
    assert drawn(ask(model, ["a wing", "a nose"], max_new_tokens=8))
    assert drawn(ask(model, prompts, max_new_tokens=8)) == expected[0]


def test_what_ran_before_in_the_same_process_does_not_show_in_a_single_digit(make_model: Make) -> None:
    folder = make_model("llama", scale=1.5)
    window = [PREFIX + end for end in ENDS]
    earlier = [
        ([PREFIX + end * 9 for end in ENDS], {"max_new_tokens": 70}),  # longer slots
        ([PREFIX + ENDS[0]] * 40, {}),  # more of them
        ([PREFIX + " wing", PREFIX + " wing heat"], {}),  # a longer prefix
        ([PREFIX[:60] + end for end in ENDS], {}),  # a shorter one
        (["a", "b"], {}),  # none
    ]
    sampling: dict[str, Any] = {"max_new_tokens": 12, "n": 3, "temperature": 0.8}
    alone = ask(load(folder), window, **sampling)
    for texts, more in earlier:
        model = load(folder)
        ask(model, texts, **{"max_new_tokens": 5, **more})
        # To the last digit, and to the counts of tokens.
        assert ask(model, window, **sampling) == alone


def test_answers_count_tokens_and_those_that_the_prefix_saved(make_model: Make, bpe: Any) -> None:
    texts = [PREFIX + end for end in ENDS]
    encoded = [bpe(text)["input_ids"] for text in texts]
    for answer, ids in zip(ask(load(make_model("llama")), texts, max_new_tokens=5), encoded, strict=True):
        assert answer.prompt_tokens == len(ids)
        assert answer.cached_tokens == len(common_prefix(encoded)) > 16
        assert answer.completion_tokens == 5
        assert (answer.requests, answer.reused, answer.cost) == (0, False, None)

"""Prompts in, answers out: windows, chats, prompts that do not fit, ready models, and what identifies a model."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_models import END, ENDS, PREFIX, Library, ask, load, only

from inpars.errors import OptionError
from inpars.models.language import open_language_model
from inpars.models.language.base import Message, Prompt, Sampling
from inpars.models.language.kept import KeptModel
from inpars.models.language.options import TransformersOptions
from inpars.models.language.transformers import TransformersModel, model

Make = Callable[..., Path]
Ask = Callable[[Path], Library]

TEXTS = [PREFIX + end for end in ENDS]
TEMPLATE = (
    "{% for m in messages %}"
    "{% if m.role == 'system' and refuses_system %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{{ '<|end|>' }}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|end|>assistant:{% endif %}"
)
CHAT = (Message("system", "Be brief."), Message("user", "What is drag?"), Message("assistant", "A force."))
CHAT = (*CHAT, Message("user", "And lift?"))


@pytest.fixture
def chatting(make_model: Make, bpe: Any, tmp_path: Path) -> Callable[[str], Path]:
    """A folder with a model of a chat template, whose tokenizer begins every text with a special token."""

    def make(template: str) -> Path:
        from tokenizers.processors import TemplateProcessing

        folder = tmp_path / "chatting"
        shutil.copytree(make_model("llama"), folder)
        tokenizer = copy.deepcopy(bpe)
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single=f"{END} $A", special_tokens=[(END, bpe.eos_token_id)]
        )
        tokenizer.chat_template = template
        tokenizer.save_pretrained(folder)
        return folder

    return make


def asked(found: TransformersModel, *prompts: Prompt) -> list[str]:
    """What the model is really given for prompts, special tokens and all."""
    return [found._tokenizer.decode(found._encode(prompt)) for prompt in prompts]


def test_a_chat_is_written_by_the_models_template_and_special_tokens_are_not_doubled(
    chatting: Callable[[str], Path],
) -> None:
    found = load(chatting(TEMPLATE.replace("refuses_system", "false")))
    text, chat = asked(found, Prompt("a", "What is drag?"), Prompt("b", messages=CHAT))
    assert text == "<|end|>What is drag?"
    assert chat == (
        "<|end|>system: Be brief.\n<|end|>user: What is drag?\n"
        "<|end|>assistant: A force.\n<|end|>user: And lift?\n<|end|>assistant:"
    )


def test_chats_and_texts_may_come_together(chatting: Callable[[str], Path]) -> None:
    found = load(chatting(TEMPLATE.replace("refuses_system", "false")))
    prompts = [Prompt("a", messages=CHAT), Prompt("b", "a wing"), Prompt("c", messages=CHAT[1:2]), Prompt("d", "drag")]
    alone = [only(next(found.complete([prompt], Sampling(max_new_tokens=6)))).token_ids for prompt in prompts]
    together = sorted(found.complete(prompts, Sampling(max_new_tokens=6)), key=lambda answer: answer.key)
    assert [only(answer).token_ids for answer in together] == alone


def test_a_template_that_refuses_a_system_turn_gets_it_within_the_first_turn_of_the_user(
    chatting: Callable[[str], Path],
) -> None:
    found = load(chatting(TEMPLATE.replace("refuses_system", "true")))
    (chat,) = asked(found, Prompt("a", messages=CHAT))
    assert chat.startswith(
        "<|end|>user: Be brief.\n\nWhat is drag?\n<|end|>assistant: A force.\n<|end|>user: And lift?"
    )


@pytest.mark.parametrize(("ending", "thinking"), [("<think>\n", True), ("<think>\n\n</think>\n\n", False), ("", False)])
def test_a_completion_says_that_the_template_has_begun_its_thoughts(
    ending: str, thinking: bool, chatting: Callable[[str], Path]
) -> None:
    template = TEMPLATE.replace("refuses_system", "false").replace("assistant:", f"assistant:{ending}")
    [answer] = load(chatting(template)).complete([Prompt("a", messages=CHAT)], Sampling(max_new_tokens=4))
    assert only(answer).thinking is thinking


@pytest.mark.parametrize("turns", [CHAT, CHAT[1:], CHAT[:1]])
def test_a_template_that_refuses_every_chat_is_a_plain_error_with_its_words(
    turns: tuple[Message, ...], chatting: Callable[[str], Path]
) -> None:
    found = load(chatting("{{ raise_exception('roles must alternate') }}"))
    with pytest.raises(OptionError, match="refuses the prompt's turns: roles must alternate"):
        list(found.complete([Prompt("a", messages=turns)], Sampling()))


def test_a_chat_for_a_model_without_a_template_is_a_plain_error(make_model: Make) -> None:
    with pytest.raises(OptionError, match="has no chat template") as error:
        list(load(make_model("llama")).complete([Prompt("a", messages=CHAT)], Sampling()))
    assert "instruction-tuned" in error.value.hint


def test_prompts_too_long_or_empty_get_an_answer_with_an_error_and_the_others_are_answered(
    make_model: Make, library: Ask, bpe: Any
) -> None:
    folder = make_model("llama")
    # One that fits to the token, and one that is a token longer.
    exact = bpe.decode(bpe(" wing" * 400)["input_ids"][:246])
    texts = [TEXTS[0], exact, exact + " wing", "", TEXTS[1]]
    answers = ask(load(folder), texts, max_new_tokens=10)
    assert [bool(answer.error) for answer in answers] == [False, False, True, True, False]
    assert answers[2].error == "247 tokens and 10 new ones: the model takes 256 in all"
    assert answers[3].error == "the prompt has no tokens"
    assert answers[2].prompt_tokens == 247
    for number in (0, 1, 4):
        assert only(answers[number]).token_ids == library(folder).greedy(texts[number], 10)
    assert [bool(answer.error) for answer in ask(load(folder), ["", exact + exact])] == [True, True]


def test_a_model_without_a_limit_takes_any_length(make_model: Make) -> None:
    found = load(make_model("bloom"))
    assert found.context_length is None
    long, empty = ask(found, [" wing" * 300, ""], max_new_tokens=2)
    assert len(only(long).token_ids) == 2
    assert empty.error == "the prompt has no tokens"


def test_prompts_are_drawn_a_window_at_a_time_as_answers_are_taken(
    make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "prompts_in_window", lambda *given: 4)
    drawn = []

    def prompts() -> Iterator[Prompt]:
        for number in range(11):
            drawn.append(number)
            yield Prompt(str(number), TEXTS[number % 7])

    answers = load(make_model("llama")).complete(prompts(), Sampling(max_new_tokens=3))
    assert drawn == []
    seen = []
    for answer in answers:
        seen.append(answer.key)
        assert len(drawn) == min(11, -(-len(seen) // 4) * 4)
    assert sorted(map(int, seen)) == list(range(11))
    assert {int(key) for key in seen[:4]} == {0, 1, 2, 3}


def test_windows_do_not_change_what_is_written(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_model("llama")
    texts = [*TEXTS, *(PREFIX.upper() + end for end in ENDS), "a wing", "drag"]
    expected = [only(answer) for answer in ask(load(folder), texts, max_new_tokens=6)]
    for window in (1, 3, 7):
        monkeypatch.setattr(model, "prompts_in_window", lambda *given, size=window: size)
        for answer, given in zip(ask(load(folder), texts, max_new_tokens=6), expected, strict=True):
            assert only(answer).token_ids == given.token_ids
            assert only(answer).log_probs == pytest.approx(given.log_probs, abs=1e-4)


def test_no_prompts_are_no_answers_and_load_nothing(make_model: Make) -> None:
    found = load(make_model("llama"))
    assert list(found.complete([], Sampling())) == []
    assert "writer" not in vars(found)


def test_several_greedy_completions_of_a_prompt_are_refused(make_model: Make) -> None:
    with pytest.raises(OptionError, match="3 greedy completions of a prompt would be the same"):
        list(load(make_model("llama")).complete([Prompt("a", "b")], Sampling(n=3)))


def test_weights_are_not_loaded_before_the_first_prompt(make_model: Make, tmp_path: Path, bpe: Any) -> None:
    folder = tmp_path / "without-weights"
    shutil.copytree(make_model("llama"), folder)
    (folder / "model.safetensors").unlink()
    found = load(folder)
    assert found.context_length == 256
    assert found.tokenizer.count(PREFIX) == len(bpe(PREFIX)["input_ids"])
    assert found.tokenizer.truncate("a wing of a body", 2) == "a wing"
    assert found.fingerprint()
    assert found._model is None


def test_a_model_and_tokenizer_at_hand_are_used_as_they_stand(make_model: Make, library: Ask, bpe: Any) -> None:
    reference = library(make_model("llama"))
    expected = [reference.greedy(text, 8) for text in TEXTS]
    found = TransformersModel(reference.model, bpe)
    assert [only(answer).token_ids for answer in ask(found, TEXTS, max_new_tokens=8)] == expected
    assert found.context_length == 256
    assert found.name == str(make_model("llama"))
    # It still is the model that it was.
    assert [reference.greedy(text, 8) for text in TEXTS] == expected


def test_the_fingerprint_tells_models_apart_by_weights_revision_and_precision(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("llama")
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    same = load(folder).fingerprint()
    assert load(moved).fingerprint() == same
    assert load(folder, batch_tokens=77, share_prefix=False, compile=True).fingerprint() == same
    others = [
        load(make_model("llama", seed=1)).fingerprint(),
        load(folder, precision="bf16").fingerprint(),
        load(folder, revision="v2").fingerprint(),
        load(Path("some/hub-model")).fingerprint(),
        load(Path("some/hub-model"), revision="v2").fingerprint(),
    ]
    assert len({same, *others}) == 6


def test_the_fingerprint_is_the_same_after_the_weights_are_loaded(make_model: Make) -> None:
    found = load(make_model("llama"))
    before = found.fingerprint()
    ask(found, TEXTS[:1], max_new_tokens=1)
    assert found.fingerprint() == before


def test_a_ready_models_fingerprint_hangs_on_its_weights_and_not_on_use(make_model: Make, bpe: Any) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    ready = AutoModelForCausalLM.from_pretrained(make_model("llama"), dtype=torch.float32).eval()
    found = TransformersModel(ready, bpe)
    before = found.fingerprint()
    ask(found, TEXTS[:1], max_new_tokens=2)
    assert found.fingerprint() == before
    with torch.no_grad():
        ready.lm_head.weight[3, 3] += 1
    assert found.fingerprint() != before


def test_a_path_or_hub_id_without_a_prefix_opens_this_backend(make_model: Make) -> None:
    class Options:
        transformers = TransformersOptions(precision="fp32")

    found = open_language_model(str(make_model("llama")), Options())
    assert isinstance(found, KeptModel)
    assert isinstance(found.model, TransformersModel)
    assert found.model.options.precision == "fp32"

"""What a reasoning model thinks aloud is told from its answer, in the forms that models and servers have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpars.models.language.thoughts import after_thoughts, opens_thoughts

QUERY = "how do wings lift"


@pytest.mark.parametrize(
    "text",
    [
        f"<think>\nIt is on wings.\n</think>\n\n{QUERY}",
        f"It is on wings.\n</think>\n\n{QUERY}",
        f"<thinking>It is on wings.</thinking>{QUERY}",
        f"<reasoning>It is on wings.</reasoning>\n{QUERY}",
        f"<THOUGHT>It is on wings.</THOUGHT>\n{QUERY}",
        f"[THINK]It is on wings.[/THINK]{QUERY}",
        f"<seed:think>It is on wings.</seed:think>{QUERY}",
        f"◁think▷It is on wings.◁/think▷{QUERY}",
        f"<|START_THINKING|>It is on wings.<|END_THINKING|>{QUERY}",
        f"<|channel>thought\nIt is on wings.<channel|>{QUERY}",
        f"<unused94>thought\nIt is on wings.<unused95>{QUERY}",
        f'<details type="reasoning" done="true" duration="2">\nIt is on wings.\n</details>\n{QUERY}',
        f"<|channel|>analysis<|message|>It is on wings.<|end|><|start|>assistant<|channel|>final<|message|>{QUERY}",
        f"<|channel|>analysis<|message|>It is on wings.<|end|><|start|>assistant<|channel|>final <|constrain|>text"
        f"<|message|>{QUERY}<|return|>",
        f"<think>It is on</think><think>wings.</think>{QUERY}",
        f"{QUERY}\n<think>It is on wings.",
        f"<think>It is on wings.</think>{QUERY}</think>",
        f"{QUERY}<reasoning>It is on wings.</reasoning>",
        f"Thinking...\nIt is on wings.\n...done thinking.\n\n{QUERY}",
    ],
)
def test_the_answer_stands_after_the_thoughts(text: str) -> None:
    spoken = after_thoughts(text)
    assert spoken is not None
    assert text[spoken.start : spoken.end].strip() == QUERY
    assert "It is on" in spoken.thoughts
    assert "<" not in spoken.thoughts


def test_channels_of_which_a_tokenizer_has_left_the_bare_names_are_known() -> None:
    text = f"analysisIt is on wings.assistantfinal{QUERY}"
    spoken = after_thoughts(text)
    assert spoken is not None
    assert text[spoken.start : spoken.end] == QUERY


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nOkay, the document",
        "[THINK]Okay",
        "<|channel|>analysis<|message|>We need",
        "analysisWe need to write",
        "<think>a</think>\n<think>and then",
        "Here is my thought process: the document",
    ],
)
def test_thoughts_that_do_not_end_hold_no_answer(text: str) -> None:
    assert after_thoughts(text) is None


@pytest.mark.parametrize("text", ["", "<think>a</think>", "a</think>\n", "<think></think>\n\n"])
def test_after_thoughts_there_may_be_nothing(text: str) -> None:
    spoken = after_thoughts(text)
    assert spoken is not None
    assert not text[spoken.start : spoken.end].strip()


@pytest.mark.parametrize(
    "text",
    [
        "what is the <think> tag for",
        "<think> tag deepseek",
        "</think> token meaning",
        "analysis of variance",
        "Analysis: one way or two",
        "how do people think",
        "reasoning models compared",
        "<i>lift</i> and drag",
    ],
)
def test_a_text_without_thoughts_is_all_answer(text: str) -> None:
    assert after_thoughts(text) == (0, len(text), "")


@pytest.mark.parametrize(
    "text", ["Okay, so the user", "Alright, let me see", "The user wants a query on", "Hmm, I should"]
)
def test_what_sounds_like_thoughts_is_taken_for_them_only_where_it_was_cut_off(text: str) -> None:
    assert after_thoughts(text, cut_off=True) is None
    assert after_thoughts(text) == (0, len(text), "")


@pytest.mark.parametrize("text", ["okay google what is lift", "so what is lift", "let me down lyrics", QUERY])
def test_a_query_that_was_cut_off_is_no_thought(text: str) -> None:
    assert after_thoughts(text, cut_off=True) == (0, len(text), "")


@pytest.mark.parametrize("prompt", ["<|assistant|><think>\n", "[THINK]", "…model\n<|channel>thought\n"])
def test_after_a_prompt_that_opens_thoughts_only_what_follows_their_end_is_answer(prompt: str) -> None:
    assert opens_thoughts(prompt)
    assert after_thoughts("I need a query.", opened=True) is None
    spoken = after_thoughts(f"I need a query.</think>{QUERY}", opened=True)
    assert spoken is not None
    assert spoken.thoughts == "I need a query."


@pytest.mark.parametrize("prompt", ["<think>\n\n</think>\n\n", "what is the <think> tag", "Query:", ""])
def test_a_prompt_with_closed_thoughts_opens_none(prompt: str) -> None:
    assert not opens_thoughts(prompt)


MARKS = [
    "<think>",
    "</think>",
    "\n",
    " ",
    "wing",
    "[THINK]",
    "[/THINK]",
    "<|channel|>",
    "final",
    "<|message|>",
    "Okay, the ",
]


@given(st.lists(st.sampled_from(MARKS), max_size=10).map("".join))
def test_whatever_a_model_writes_the_answer_is_a_part_of_it(text: str) -> None:
    spoken = after_thoughts(text)
    assert spoken is None or 0 <= spoken.start <= spoken.end <= len(text)

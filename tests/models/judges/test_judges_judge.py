"""A judge over a model whose answers the test writes, over the dummy, and over a real tiny one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inpars.errors import OptionError
from inpars.models.judges import JudgingOptions, Unreadable, open_judge
from inpars.models.judges.judge import AGAIN
from inpars.models.language.base import Answer, Completion, Prompt, Sampling
from inpars.models.language.dummy import DummyModel
from inpars.models.language.tokenizers import EstimatedTokenizer

PAIRS = [("what is lift", "Lift is a force."), ("what is drag", "Drag is a force."), ("wings", "Cones are blunt.")]


class Scripted:
    """Answers a chat's last turn by a function of its text, the last prompt first."""

    name = "scripted"
    tokenizer = EstimatedTokenizer()

    def __init__(self, write: Callable[[str], Completion | str], context_length: int | None = None) -> None:
        self._write, self.context_length = write, context_length
        self.asked: list[str] = []
        self.samplings: list[Sampling] = []

    def fingerprint(self) -> str:
        return "scripted"

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        self.samplings.append(sampling)
        for prompt in reversed(list(prompts)):
            text = prompt.messages[-1].content
            self.asked.append(text)
            written = self._write(text)
            completion = written if isinstance(written, Completion) else Completion(written)
            if completion.finish_reason == "error":
                yield Answer(prompt.key, error=completion.text)
            else:
                yield Answer(prompt.key, [completion], prompt_tokens=10, completion_tokens=3, cost=0.5)


def by_query(**answers: str | Completion) -> Callable[[str], Completion | str]:
    return lambda text: next(answer for word, answer in answers.items() if f"{word}\n" in text)


def test_grades_come_in_the_order_of_the_pairs_whatever_order_the_model_answers_in() -> None:
    model = Scripted(by_query(lift="Grade: 3", drag="Grade: 0", wings="Grade: 1"))
    assert open_judge(JudgingOptions(), model).grades(PAIRS) == [3, 0, 1]


def test_judgments_are_greedy_with_one_answer_a_pair() -> None:
    model = Scripted(lambda text: "Grade: 1")
    open_judge(JudgingOptions(max_new_tokens=17), model).grades(PAIRS)
    (sampling,) = model.samplings
    assert (sampling.n, sampling.temperature, sampling.max_new_tokens) == (1, 0.0, 17)


def test_equal_pairs_are_asked_about_once() -> None:
    model = Scripted(lambda text: "Grade: 2")
    assert open_judge(JudgingOptions(), model).grades([PAIRS[0], PAIRS[1], PAIRS[0]]) == [2, 2, 2]
    assert len(model.asked) == 2


def test_all_criteria_are_asked_in_one_call() -> None:
    model = Scripted(lambda text: "natural: yes\nlocal: no")
    found = open_judge(JudgingOptions(), model).criteria(PAIRS, ["natural", "local: It names a place."])
    assert found == [{"natural": True, "local": False}] * 3
    assert len(model.asked) == 3


def test_no_pairs_take_no_question() -> None:
    model = Scripted(lambda text: "Grade: 2")
    assert open_judge(JudgingOptions(), model).grades([]) == []
    assert model.asked == []


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Completion("Grade: 2", finish_reason="length"), "cut off after 64 tokens"),
        (Completion("Grade: 2", finish_reason="content_filter"), "content filter"),
        (Completion("the server stumbled", finish_reason="error"), "the server stumbled"),
        ("I cannot say.", "no grade"),
    ],
)
def test_an_answer_cut_off_withheld_or_absent_is_no_verdict_and_spares_the_others(
    answer: Completion | str, cause: str
) -> None:
    model = Scripted(by_query(lift="Grade: 3", drag=answer, wings="Grade: 1"))
    first, second, third = open_judge(JudgingOptions(), model).grades(PAIRS)
    assert (first, third) == (3, 1)
    assert isinstance(second, Unreadable)
    assert cause in second.cause


def test_what_could_not_be_read_is_asked_again_at_a_temperature_as_often_as_it_failed_and_no_more() -> None:
    said = iter(["Hm.", "Hm.", "Hm.", "Hm.", "Grade: 2"])
    model = Scripted(lambda text: next(said) if "drag\n" in text else "Grade: 1")
    assert open_judge(JudgingOptions(), model).grades(PAIRS, [0, 3, 2])[::2] == [1, 1]
    assert [(sampling.temperature, sampling.seed) for sampling in model.samplings] == [
        (0.0, 0),
        *((AGAIN, attempt) for attempt in (1, 2, 3)),
    ]
    assert len(model.asked) == 3 + 3
    assert open_judge(JudgingOptions(), model).grades(PAIRS[1:2], [1]) == [2]


def test_a_pair_that_never_failed_is_not_asked_again_and_neither_is_what_a_server_refused() -> None:
    model = Scripted(by_query(lift="Hm.", drag=Completion("the server stumbled", finish_reason="error"), wings="Hm."))
    assert all(isinstance(found, Unreadable) for found in open_judge(JudgingOptions(), model).grades(PAIRS, [1, 1, 0]))
    assert len(model.asked) == 3 + 1


def test_what_a_model_babbles_is_no_verdict() -> None:
    judge = open_judge(JudgingOptions(model="dummy:"))
    assert all(isinstance(found, Unreadable) for found in judge.grades(PAIRS))
    assert all(isinstance(found, Unreadable) for found in judge.criteria(PAIRS, ["natural"]))


def test_only_the_document_is_cut() -> None:
    model = Scripted(lambda text: "Grade: 2")
    query = "what " * 60 + "end"
    open_judge(JudgingOptions(max_doc_length=20), model).grades([(query, "word " * 100)])
    (asked,) = model.asked
    assert query in asked
    assert asked.count("word") == 20
    assert asked.endswith("Grade: <0, 1, 2 or 3>")


def test_the_document_is_cut_to_what_the_model_s_context_has_room_for() -> None:
    long = "word " * 900
    model = Scripted(lambda text: "Grade: 2", context_length=500)
    open_judge(JudgingOptions(), model).grades([("wings", long), ("wings " * 100, long)])
    lengths = [model.tokenizer.count(asked) + 64 for asked in model.asked]
    assert all(420 < length <= 500 for length in lengths)


def test_a_query_that_leaves_no_room_is_no_verdict_and_a_prompt_that_leaves_none_is_the_user_s_mistake() -> None:
    judge = open_judge(JudgingOptions(), Scripted(lambda text: "Grade: 2", context_length=500))
    found, other = judge.grades([("wings " * 600, "Lift."), PAIRS[0]])
    assert isinstance(found, Unreadable)
    assert other == 2
    with pytest.raises(OptionError, match="leaves no room for a document"):
        open_judge(JudgingOptions(), DummyModel(context_length=100)).grades(PAIRS)


def test_what_was_used_is_counted() -> None:
    judge = open_judge(JudgingOptions(), Scripted(lambda text: "Grade: 2"))
    judge.grades(PAIRS)
    judge.grades(PAIRS[:1])
    assert judge.usage == {"prompt_tokens": 40, "completion_tokens": 12, "requests": 4, "cost": 2.0}


def test_without_a_model_there_is_no_judge() -> None:
    with pytest.raises(OptionError, match="judging needs a language model"):
        open_judge(JudgingOptions())


def test_a_real_model_is_never_asked_more_than_it_takes(tmp_path: Path, tiny_tokenizer: Any) -> None:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    ids = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
    config = GPT2Config(
        vocab_size=len(tiny_tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=128, use_cache=True, **ids
    )
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "gpt2")
    tiny_tokenizer.save_pretrained(tmp_path / "gpt2")
    prompt = tmp_path / "own.yaml"
    prompt.write_text("style: completion\npattern: 'Document: {document} Query: {query} Grade:'\n")
    options = {"precision": "fp32", "devices": ["cpu"]}
    judge = open_judge(
        JudgingOptions(model=str(tmp_path / "gpt2"), prompt=str(prompt), max_new_tokens=8, transformers=options)
    )
    (found,) = judge.grades([("lift of a wing", "wing lift drag " * 200)])
    assert isinstance(found, Unreadable)
    assert "cut off" in found.cause
    assert 110 < judge.usage["prompt_tokens"] <= 120


def test_naming_the_options_loads_nothing_heavy() -> None:
    heavy = ("torch", "openai", "transformers", "vllm")
    code = f"import sys, inpars.models.judges; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

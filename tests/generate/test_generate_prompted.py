"""The generate stage with a language model: three outcomes for each document, and nothing lost between them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document
from inpars.errors import NothingProduced, OptionError
from inpars.models.language.base import Answer, Completion, Prompt, Sampling
from inpars.models.language.dummy import DummyModel

TEXT = "Wing flutter at supersonic speed was measured in a tunnel, document number"


@pytest.fixture
def corpus() -> MemoryCorpus:
    return MemoryCorpus([Document(f"d{i}", f"{TEXT} {i}.", "Flutter") for i in range(50)])


class Scripted(DummyModel):
    """Answers every prompt with the same completions, in an order of its own."""

    def __init__(self, *completions: Completion) -> None:
        super().__init__("scripted")
        self.completions = completions
        self.asked: list[str] = []

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        asked = list(prompts)
        random.Random(7).shuffle(asked)
        for prompt in asked:
            self.asked.append(prompt.key)
            yield Answer(prompt.key, list(self.completions), prompt_tokens=10, completion_tokens=3)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def said(text: str, *tokens: str) -> Completion:
    return Completion(text, "stop", [-0.5 * i for i in range(len(tokens))], list(tokens))


def test_every_row_says_where_its_query_came_from(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = inpars.generate(corpus, tmp_path / "q.jsonl", backend="dummy", max_generations=10)
    queries = list(read_synthetic_queries(output))
    assert len(queries) == 10
    for query in queries:
        assert query.generator == "dummy"
        assert query.prompt_text.startswith("Example 1:\nDocument: We don't know")
        assert query.prompt_text.endswith(f"Document: {query.doc_text}\nRelevant Query:")
        assert query.log_probs
        assert len(query.log_probs) >= 4
        assert query.fewshot_examples == []


def test_prompts_can_be_left_out_of_the_rows(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = inpars.generate(corpus, tmp_path / "q.jsonl", backend="dummy", store_prompts=False)
    found = rows(output)
    assert all("prompt_text" not in row for row in found)
    assert len({row["prompt_hash"] for row in found}) == len(found)


def test_answers_in_any_order_are_written_in_the_order_of_the_sample(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=Scripted(said(" why?", " why?")), unit_size=7)
    assert [query.doc_id for query in read_synthetic_queries(output)] == [d.doc_id for d in corpus.sample(50, seed=1)]


def test_log_probs_are_those_of_the_query_alone(corpus: MemoryCorpus, tmp_path: Path) -> None:
    answer = said(' "why so"', " ", '"', "why", " so", '"')
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=Scripted(answer))
    query = next(read_synthetic_queries(output))
    assert query.query == "why so"
    assert query.log_probs == [-1.0, -1.5]


def test_the_bad_question_is_kept_apart(corpus: MemoryCorpus, tmp_path: Path) -> None:
    answer = said(" how fast?\nBad Question: what?", " how", " fast?", "\n", "Bad Question:", " what?")
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=Scripted(answer), prompt="inpars-gbq")
    row = rows(output)[0]
    assert (row["query"], row["bad_question"], row["log_probs"]) == ("how fast?", "what?", [0.0, -0.5])


def test_reasoning_is_kept_apart(corpus: MemoryCorpus, tmp_path: Path) -> None:
    answer = Completion("It is about wings.\nQuery: wing flutter", "stop")
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=Scripted(answer), prompt="chain-of-thought")
    row = rows(output)[0]
    assert (row["query"], row["reasoning"]) == ("wing flutter", "It is about wings.")


def test_an_answer_without_a_query_is_dropped_with_the_reason(corpus: MemoryCorpus, tmp_path: Path) -> None:
    model = Scripted(said(" why?", " why?"), said("  "), said(" why?", " why?"))
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=model)
    assert facts_of(output)["queries"] == 50
    dropped = rows(tmp_path / "q.dropped.jsonl")
    assert len(dropped) == facts_of(output)["dropped"] == 100
    assert {row["reason"] for row in dropped} == {"empty answer", "the same query again for this document"}


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion("<think>\nOkay, the doc", "length"), "its thoughts did not end within 64 tokens (max_new_tokens)"),
        (Completion("Okay, so the user wants", "length"), "its thoughts did not end within 64 tokens (max_new_tokens)"),
        (
            Completion("I need a query.", "length", thinking=True),
            "its thoughts did not end within 64 tokens (max_new_tokens)",
        ),
        (Completion("", "length"), "empty: all 64 tokens went on thoughts that are not shown (max_new_tokens)"),
        (Completion("wing fl", "content_filter"), "withheld by the content filter"),
        (Completion("", "tool_calls"), "the model called a tool in place of an answer"),
        (Completion("", "stop", refusal="Rather not."), "the model refused"),
        (Completion("I'm sorry, but I can't assist with that."), "the model refused"),
    ],
)
def test_an_answer_without_a_query_tells_the_cause_and_what_ended_it(
    completion: Completion, reason: str, corpus: MemoryCorpus, tmp_path: Path
) -> None:
    model = Scripted(said(" why?", " why?"), completion)
    inpars.generate(corpus, tmp_path / "q.jsonl", language_model=model, prompt="zero-shot")
    for row in rows(tmp_path / "q.dropped.jsonl"):
        assert (row["reason"], row["finish_reason"]) == (reason, completion.finish_reason)
        assert row["completion"] == (completion.text or completion.refusal)


def test_what_was_dropped_is_told_by_its_causes(
    corpus: MemoryCorpus, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = Scripted(said(" why?", " why?"), Completion("<think>\nhm", "length"), Completion("", "content_filter"))
    inpars.generate(corpus, tmp_path / "q.jsonl", language_model=model, prompt="zero-shot")
    told = " ".join(capfd.readouterr().err.split())
    assert "50 because: its thoughts did not end within 64 tokens (max_new_tokens)" in told
    assert "50 because: withheld by the content filter" in told
    assert "--max-new-tokens" in told


def test_where_thoughts_are_all_that_came_the_error_says_what_to_try(corpus: MemoryCorpus, tmp_path: Path) -> None:
    model = Scripted(Completion("", "length"))
    with pytest.raises(NothingProduced, match="all 64 tokens went on thoughts") as caught:
        inpars.generate(corpus, tmp_path / "q.jsonl", language_model=model, prompt="zero-shot")
    assert "--max-new-tokens" in caught.value.hint
    assert "enable_thinking false" in caught.value.hint
    assert caught.value.exit_code == 2


def test_log_probs_are_those_of_the_query_after_the_thoughts(corpus: MemoryCorpus, tmp_path: Path) -> None:
    answer = said("<think>hm</think>\n\n1. why so", "<think>", "hm", "</think>", "\n\n", "1. ", "why", " so")
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=Scripted(answer), prompt="zero-shot")
    row = rows(output)[0]
    assert (row["query"], row["log_probs"], row["reasoning"]) == ("why so", [-2.5, -3.0], "hm")


def test_errors_stand_apart_and_the_next_call_takes_up_those_alone(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = tmp_path / "q.jsonl"
    bad = {"d3", "d17", "d44"}
    inpars.generate(
        corpus, output, unit_size=8, language_model=DummyModel("x", fails=lambda k: "no luck" if k in bad else None)
    )
    assert {row["doc_id"]: row["error"] for row in rows(tmp_path / "q.errors.jsonl")} == dict.fromkeys(bad, "no luck")
    assert facts_of(output)["queries"] == 47

    class Counting(DummyModel):
        def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
            asked = list(prompts)
            assert {prompt.key for prompt in asked} == bad
            yield from super().complete(asked, sampling)

    inpars.generate(corpus, output, unit_size=8, language_model=Counting("x"))
    whole = inpars.generate(corpus, tmp_path / "whole.jsonl", unit_size=8, language_model=DummyModel("x"))
    assert output.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "q.errors.jsonl").exists()
    assert facts_of(output)["errors"] == 0
    totals = ("prompt_tokens", "completion_tokens", "requests")
    assert [facts_of(output)[name] for name in totals] == [facts_of(whole)[name] for name in totals]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_what_was_dropped_in_a_unit_outlives_the_errors_beside_it(corpus: MemoryCorpus, tmp_path: Path) -> None:
    class Mixed(DummyModel):
        """Says nothing to some, and fails with others as long as it is told to."""

        def __init__(self, failing: set[str]) -> None:
            super().__init__("mixed", fails=lambda key: "no luck" if key in failing else None)

        def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
            for answer in super().complete(prompts, sampling):
                if answer.key in {"d5", "d6"}:
                    answer.completions = [said(" ")]
                yield answer

    output = tmp_path / "q.jsonl"
    inpars.generate(corpus, output, language_model=Mixed({"d3"}))
    inpars.generate(corpus, output, language_model=Mixed(set()))
    assert {row["doc_id"] for row in rows(tmp_path / "q.dropped.jsonl")} == {"d5", "d6"}
    assert (facts_of(output)["queries"], facts_of(output)["dropped"]) == (48, 2)


def test_few_shot_examples_are_recorded_and_their_documents_not_asked_about(
    collection: Callable[[str], Path], tmp_path: Path
) -> None:
    output = inpars.generate(
        collection("scifact"), tmp_path / "q.jsonl", backend="dummy", prompt="promptagator", n_fewshot_examples=5
    )
    examples = rows(tmp_path / "q.fewshot.jsonl")
    queries = list(read_synthetic_queries(output))
    assert len(examples) == 5
    assert not {example["doc_id"] for example in examples} & {query.doc_id for query in queries}
    assert len(queries) == 5183 - 5
    assert queries[0].fewshot_examples == [example["query_id"] for example in examples]
    start = queries[0].prompt_text.index(queries[0].doc_text[:20])
    assert len({query.prompt_text[:start] for query in queries}) == 1


def test_another_prompt_another_example_or_another_model_is_another_generation(
    corpus: MemoryCorpus, tmp_path: Path
) -> None:
    output, examples = tmp_path / "q.jsonl", tmp_path / "mine.jsonl"
    examples.write_text('{"query": "q", "document": "d"}\n')
    own = tmp_path / "own.txt"
    own.write_text("Text: {document}\nQuery:")
    fingerprints = set()
    for options in (
        {},
        {"prompt": str(own)},
        {"prompt": "few-shot", "fewshot": str(examples)},
        {"temperature": 0.5},
        {"language_model": DummyModel("other")},
    ):
        inpars.generate(
            corpus, output, **({"backend": "dummy"} | options if "language_model" not in options else options)
        )
        fingerprints.add(facts_of(output)["fingerprint"])
    own.write_text("Text: {document}\nSearch:")
    inpars.generate(corpus, output, backend="dummy", prompt=str(own))
    fingerprints.add(facts_of(output)["fingerprint"])
    assert len(fingerprints) == 6


def test_options_that_only_change_the_pace_leave_an_output_current(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = inpars.generate(corpus, tmp_path / "q.jsonl", backend="dummy")
    before = output.stat().st_mtime_ns
    inpars.generate(corpus, output, backend="dummy", openai={"concurrency": 3}, transformers={"batch_tokens": 99})
    assert output.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "extractive", "model": "gpt2"}, "extractive backend takes no model"),
        ({"backend": "vllm"}, "needs a model"),
        ({"backend": "dummy", "prompt": "promptagator-fiqa"}, "few-shot"),
        ({"backend": "dummy", "query_form": "claim"}, "cannot ask for a form"),
        ({"backend": "dummy", "max_prompt_length": 100}, "leaves no room"),
    ],
)
def test_what_does_not_go_together_is_said(
    options: dict[str, Any], message: str, corpus: MemoryCorpus, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=message):
        inpars.generate(corpus, tmp_path / "q.jsonl", **options)
    assert not (tmp_path / "q.jsonl").exists()


def test_a_kill_at_any_moment_costs_no_finished_unit(tmp_path: Path) -> None:
    """After five kill -9 of a slow model the result is that of an undisturbed run, no finished unit asked again."""
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import sys, time, inpars
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.models.language.dummy import DummyModel
class Slow(DummyModel):
    def complete(self, prompts, sampling):
        for answer in super().complete(prompts, sampling):
            print(answer.key, file=open(sys.argv[2], "a"))
            time.sleep(0.005)
            yield answer
corpus = MemoryCorpus([Document(f"d{{i}}", f"{TEXT} {{i}}.") for i in range(200)])
inpars.generate(corpus, sys.argv[1], unit_size=5, language_model=Slow("x"))
"""
    )
    output, log = tmp_path / "q.jsonl", tmp_path / "asked.txt"
    for _ in range(5):
        worker = subprocess.Popen([sys.executable, program, output, log], env=os.environ, stderr=subprocess.DEVNULL)
        before = log.read_text().count("\n") if log.exists() else 0
        while (log.read_text().count("\n") if log.exists() else 0) < before + 12:
            time.sleep(0.01)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert not output.exists()
    subprocess.run([sys.executable, program, output, log], check=True, capture_output=True)
    documents = [Document(f"d{i}", f"{TEXT} {i}.") for i in range(200)]
    whole = inpars.generate(MemoryCorpus(documents), tmp_path / "w.jsonl", unit_size=5, language_model=DummyModel("x"))
    assert output.read_bytes() == whole.read_bytes()
    # Each kill may lose the unit under way, and no more.
    assert 200 <= log.read_text().count("\n") <= 200 + 5 * 5

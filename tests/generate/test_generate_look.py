"""A run whose first answers are of no use stops there, keeps them, and goes on where it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.generate.look import Unusable
from inpars.models.language.base import Answer, Prompt, Sampling
from inpars.models.language.dummy import DummyModel

# It says "what is WORD …", two to six words: with three tokens every answer is cut off, with eight none.
ALL_CUT, NONE_CUT = 3, 8


class Counting(DummyModel):
    """Counts what it is asked."""

    asked = 0

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        for answer in super().complete(prompts, sampling):
            self.asked += 1
            yield answer


@pytest.fixture
def corpus() -> MemoryCorpus:
    return MemoryCorpus([Document(f"d{i}", f"Wing flutter at speed {i} was measured in a tunnel.") for i in range(50)])


def options(**more: Any) -> dict[str, Any]:
    return {"look_after": 10, "max_new_tokens": ALL_CUT, "unit_size": 20, **more}


@pytest.mark.parametrize("unit_size", [4, 20, 1000])
def test_it_stops_after_the_look_and_a_second_call_asks_nothing(
    unit_size: int, corpus: MemoryCorpus, tmp_path: Path
) -> None:
    output = tmp_path / "q.jsonl"
    model = Counting("x")
    for _ in range(2):
        with pytest.raises(
            Unusable, match=r"stopped after 10 answers: 10 cut off, 0 usable, such as 'what is \w+'; 100%"
        ) as error:
            inpars.generate(corpus, output, language_model=model, **options(unit_size=unit_size))
        assert "--max-new-tokens than 3" in error.value.hint
        assert "--max-unusable 1" in error.value.hint
        assert model.asked == 10
    assert not output.exists()


def test_what_was_written_is_kept_and_goes_on_where_that_is_wanted(corpus: MemoryCorpus, tmp_path: Path) -> None:
    whole = inpars.generate(corpus, tmp_path / "whole.jsonl", language_model=Counting("x"), **options(max_unusable=1))
    output, model = tmp_path / "q.jsonl", Counting("x")
    with pytest.raises(Unusable):
        inpars.generate(corpus, output, language_model=model, **options())
    inpars.generate(corpus, output, language_model=model, **options(max_unusable=1))
    assert model.asked == 50
    assert output.read_bytes() == whole.read_bytes()
    assert facts_of(output)["unfinished"] == facts_of(whole)["unfinished"] == 50


def test_a_finished_output_and_a_run_that_lacks_nothing_are_not_stopped(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output, model = tmp_path / "q.jsonl", Counting("x")
    inpars.generate(corpus, output, language_model=model, **options(max_unusable=1))
    inpars.generate(corpus, output, language_model=model, **options())
    # As if it had been killed with all of its units written.
    units = tmp_path / ".q.jsonl.units"
    with pytest.raises(OSError, match="no room"):
        _generate_without_room(corpus, tmp_path / "r.jsonl", model)
    assert units.exists() is False
    asked = model.asked
    inpars.generate(corpus, tmp_path / "r.jsonl", language_model=model, **options())
    assert model.asked == asked


def test_what_has_no_more_to_ask_is_not_stopped(corpus: MemoryCorpus, tmp_path: Path) -> None:
    output = inpars.generate(
        corpus, tmp_path / "q.jsonl", language_model=DummyModel(), **options(max_generations=10, unit_size=4)
    )
    assert facts_of(output)["unfinished"] == 10


def test_a_batch_is_paid_for_before_its_first_answer_and_not_stopped(corpus: MemoryCorpus, tmp_path: Path) -> None:
    class InOneBatch(DummyModel):
        batches = True

    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=InOneBatch(), **options())
    assert facts_of(output)["unfinished"] == 50


def _generate_without_room(corpus: MemoryCorpus, output: Path, model: DummyModel) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inpars.data.artifacts.Artifact.merge", _no_room)
        inpars.generate(corpus, output, language_model=model, **options(max_unusable=1))


def _no_room(*_: Any) -> int:
    raise OSError("no room")


def test_a_share_that_is_allowed_lets_it_run(corpus: MemoryCorpus, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(Unusable, match="5 answers: 5 cut off"):
        inpars.generate(corpus, tmp_path / "a.jsonl", language_model=DummyModel(), **options(look_after=5))
    some = options(max_new_tokens=6)
    output = inpars.generate(corpus, tmp_path / "b.jsonl", language_model=DummyModel(), **some)
    cut = facts_of(output)["unfinished"]
    assert 0 < cut < 25
    assert f"generate: 50 queries: {cut} cut off, {50 - cut} usable" in capsys.readouterr().err
    with pytest.raises(Unusable):
        inpars.generate(corpus, tmp_path / "c.jsonl", language_model=DummyModel(), **some, max_unusable=0)
    # What it says are words of its prompt: none that a query cannot end in.
    (tmp_path / "plain.txt").write_text("Document: {document} Query:")
    whole = options(max_new_tokens=NONE_CUT, prompt=tmp_path / "plain.txt")
    good = inpars.generate(corpus, tmp_path / "d.jsonl", language_model=DummyModel(), **whole)
    assert "unfinished" not in facts_of(good)
    assert "usable" not in capsys.readouterr().err


def test_answers_without_a_query_count_and_the_reason_says_what_to_try(corpus: MemoryCorpus, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="10 without a query, 0 usable; 100%"):
        inpars.generate(
            corpus, tmp_path / "q.jsonl", language_model=DummyModel(), prompt="chain-of-thought", look_after=10
        )


def test_the_same_query_again_is_not_of_no_use(corpus: MemoryCorpus, tmp_path: Path) -> None:
    class Parrot(DummyModel):
        def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
            for answer in super().complete(prompts, sampling):
                answer.completions = answer.completions[:1] * 4
                yield answer

    more = {"queries_per_document": 4, "temperature": 1.0, "max_new_tokens": NONE_CUT}
    output = inpars.generate(corpus, tmp_path / "q.jsonl", language_model=Parrot(), look_after=10, **more)
    assert facts_of(output)["dropped"] == 150


def test_documents_that_ended_in_an_error_are_no_answers(corpus: MemoryCorpus, tmp_path: Path) -> None:
    failing = DummyModel(fails=lambda key: "no luck")
    with pytest.raises(inpars.errors.NothingProduced, match="50 errors"):
        inpars.generate(corpus, tmp_path / "q.jsonl", language_model=failing, **options())


def test_an_endpoint_is_asked_no_more_and_no_answer_is_paid_for_twice(
    corpus: MemoryCorpus, tmp_path: Path, endpoint: Any
) -> None:
    echo = "This document must be a good result for it. Use your own words and be specific enough."
    endpoint.answer = lambda body: {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": echo}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9},
    }
    call = {"model": "openai:tiny", "prompt": "zero-shot", "look_after": 10}
    call |= {"openai": {"base_url": endpoint.url, "concurrency": 4}}
    for _ in range(2):
        with pytest.raises(
            Unusable, match=r"10 answers: 10 repeating the prompt, 0 usable, such as 'This document must"
        ):
            inpars.generate(corpus, tmp_path / "q.jsonl", **call)
        # Those that were under way came in, and are kept.
        assert 10 <= len(endpoint.completions_seen) <= 18
    inpars.generate(corpus, tmp_path / "q.jsonl", **call, max_unusable=1)
    assert len(endpoint.completions_seen) == 50


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The endpoint of the language models' tests."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "models" / "language" / "openai"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    from server import Endpoint

    server = Endpoint()
    yield server
    server.close()


def test_the_command_exits_with_2(toy_corpus: Path, tmp_path: Path) -> None:
    arguments = (
        "--output",
        str(tmp_path / "q.jsonl"),
        "--backend",
        "dummy",
        "--max-new-tokens",
        "3",
        "--look-after",
        "9",
    )
    done = subprocess.run(
        [sys.executable, "-m", "inpars", "generate", str(toy_corpus), *arguments],
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert done.returncode == 2
    assert "inpars: stopped after 9 answers: 9 cut off, 0 usable" in done.stderr
    assert "Traceback" not in done.stderr

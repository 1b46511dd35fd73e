from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.errors import InparsError
from inpars.generate.plan import told
from inpars.models.language.base import Answer, Prompt, Sampling
from inpars.models.language.dummy import DummyModel


@pytest.fixture
def corpus() -> MemoryCorpus:
    return MemoryCorpus([Document(f"d{i}", f"Wing flutter at speed {i}. " * (i % 7 + 1)) for i in range(300)])


class Paid(DummyModel):
    """Has a price, as endpoints do, and counts what it is asked."""

    asked = 0

    class price:
        @staticmethod
        def cost(prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0, *, batch: bool = False) -> float:
            return (prompt_tokens + 10 * completion_tokens) / 1e6

    def complete(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Answer]:
        for answer in super().complete(prompts, sampling):
            self.asked += 1
            yield answer


def test_the_plan_comes_near_what_generating_takes(corpus: MemoryCorpus, tmp_path) -> None:
    plan = inpars.plan(corpus, backend="dummy", max_generations=250, sample=100, probe=50)
    output = inpars.generate(corpus, tmp_path / "q.jsonl", backend="dummy", max_generations=250)
    facts = facts_of(output)
    assert plan.documents == facts["documents"] == 250
    assert plan.prompt_tokens == pytest.approx(facts["prompt_tokens"], rel=0.05)
    assert plan.completion_tokens == pytest.approx(facts["completion_tokens"], rel=0.15)
    assert plan.disk_bytes == pytest.approx(output.stat().st_size, rel=0.1)
    assert plan.most_completion_tokens == 250 * 64


def test_nothing_is_asked_of_a_model_that_costs_money(corpus: MemoryCorpus) -> None:
    model = Paid()
    plan = inpars.plan(corpus, language_model=model)
    assert model.asked == plan.probed == 0
    assert plan.cost is None
    assert plan.most_cost == pytest.approx((plan.prompt_tokens + 10 * 300 * 64) / 1e6)
    assert plan.requests == 300


def test_a_probe_asks_as_many_as_it_is_told_and_gives_the_cost(corpus: MemoryCorpus) -> None:
    model = Paid()
    plan = inpars.plan(corpus, language_model=model, probe=7)
    assert model.asked == plan.probed == 7
    assert 0 < plan.cost < plan.most_cost


def test_documents_left_out_are_not_counted(corpus: MemoryCorpus) -> None:
    plan = inpars.plan(corpus, min_doc_chars=100)
    assert plan.documents == sum(len(document.contents) >= 100 for document in corpus)
    with pytest.raises(InparsError, match="no document"):
        inpars.plan(corpus, min_doc_chars=100_000)


def test_truncated_documents_are_foretold(corpus: MemoryCorpus) -> None:
    plan = inpars.plan(corpus, backend="dummy", max_doc_length=16, sample=300)
    assert plan.truncated == sum(DummyModel().tokenizer.count(d.contents) > 16 for d in corpus)


def test_the_extractive_plan_has_no_tokens(corpus: MemoryCorpus) -> None:
    lines = dict(told(inpars.plan(corpus)))
    assert set(lines) == {"documents", "queries", "time", "disk"}


def test_the_command_prints_it() -> None:
    command = [sys.executable, "-m", "inpars", "plan", "python-docs", "--backend", "dummy", "--max-generations", "100"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "tokens in" in printed
    assert "at most 6,400" in printed


def test_no_key_is_needed_until_something_is_sent(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    options = ["python-docs", "--model", "openai:gpt-4o-mini", "--prompt", "zero-shot", "--max-generations", "20"]

    def call(verb: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "inpars", verb, *options, *more]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    planned = call("plan")
    assert planned.returncode == 0, planned.stderr
    assert re.search(r"requests +20, but for those answered before", planned.stdout)
    output = tmp_path / "q.jsonl"
    for done in (call("plan", "--probe", "2"), call("generate", "--output", str(output))):
        assert done.returncode == 2
        assert "OPENAI_API_KEY is not set" in done.stderr
    assert not list(tmp_path.iterdir())


def test_queries_stay_where_they_are_when_their_successors_cannot_be_asked_for(
    corpus: MemoryCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    output = inpars.generate(corpus, tmp_path / "q.jsonl", backend="dummy")
    with pytest.raises(InparsError, match="OPENAI_API_KEY is not set"):
        inpars.generate(corpus, output, model="openai:gpt-4o-mini", prompt="zero-shot")
    inpars.generate(corpus, output, backend="dummy")
    assert {path.name for path in tmp_path.iterdir()} == {"q.jsonl", "q.jsonl.meta.json"}

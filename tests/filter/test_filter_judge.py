"""The judge over real HTTP: an endpoint on loopback answers by what it is asked, and counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.errors import InparsError, NothingProduced, OptionError, Pending
from inpars.filter.options import JudgeOptions
from inpars.models.language.dummy import DummyModel
from inpars.options import parse_options

ROWS = [
    {"query_id": f"q{number}", "query": f"what is lift {number}", "doc_id": f"d{number}", "doc_text": f"Lift {number}."}
    for number in range(12)
]
ALL_YES = "answerable: yes\nspecific: yes\nstandalone: yes\nnatural: yes"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The endpoint of the language models' tests."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("INPARS_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "models" / "language" / "openai")
    from server import Endpoint

    server = Endpoint()
    yield server
    server.close()


@pytest.fixture
def queries(write_jsonl: Callable[..., Path]) -> Path:
    return write_jsonl(ROWS, "queries.jsonl")


def says(endpoint: Any, answer: Callable[[str], str]) -> None:
    """Let the endpoint answer by the text that it is asked."""
    from server import chat_choice

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        text = answer(body["messages"][-1]["content"])
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        return {"id": "x", "model": body["model"], "choices": [chat_choice(text)], "usage": usage}

    endpoint.answer = reply


def number_in(asked: str) -> int:
    return int(asked.split("what is lift ")[1].split()[0])


def options(endpoint: Any, **judge: Any) -> dict[str, Any]:
    model = {"model": "openai:tiny", "openai": {"base_url": endpoint.url, "concurrency": 1, "retries": 0}}
    return {"methods": ["judge"], "judge": model | judge}


def rows(path: Path) -> dict[str, dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["query_id"]: row for row in map(json.loads, lines)}


def test_a_query_that_fails_a_criterion_is_dropped_for_it_and_each_verdict_is_written(
    endpoint: Any, queries: Path, tmp_path: Path
) -> None:
    says(endpoint, lambda asked: ALL_YES.replace("natural: yes", "natural: no") if number_in(asked) == 3 else ALL_YES)
    kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint)))
    dropped = rows(tmp_path / "kept.dropped.jsonl")
    assert set(dropped) == {"q3"}
    assert dropped["q3"]["reason"] == "not natural"
    assert dropped["q3"]["scores"]["judge.natural"] == 0
    assert dropped["q3"]["score"] == dropped["q3"]["scores"]["judge"] == 0.75
    assert len(kept) == 11
    assert kept["q0"]["scores"] == {
        "judge": 1,
        **{f"judge.{name}": 1 for name in ("answerable", "specific", "standalone", "natural")},
    }


def test_only_the_criteria_that_are_required_drop_a_query(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: "natural: no\nlocal: yes" if number_in(asked) % 2 else "natural: no\nlocal: no")
    chosen = {"criteria": ["natural", {"local": "The query names a place."}], "required": ["local"]}
    kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, **chosen)))
    assert set(kept) == {f"q{number}" for number in range(1, 12, 2)}
    assert kept["q1"]["scores"] == {"judge": 0.5, "judge.natural": 0, "judge.local": 1}
    assert "local: The query names a place." in endpoint.seen[0].body["messages"][-1]["content"]


def test_a_required_criterion_has_to_be_asked(queries: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="required criterion 'local'"):
        inpars.filter(queries, tmp_path / "kept.jsonl", methods=["judge"], judge={"required": ["local"]})


def test_a_grade_below_the_least_drops_a_query(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: f"Grade: {number_in(asked) % 4}")
    kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade")))
    assert {query_id: row["score"] for query_id, row in kept.items()} == {
        f"q{number}": number % 4 for number in range(12) if number % 4 >= 2
    }
    dropped = rows(tmp_path / "kept.dropped.jsonl")
    assert dropped["q1"]["reason"] == "grade 1, below 2"
    assert dropped["q1"]["scores"] == {"judge": 1}


def test_the_document_is_what_the_author_saw_and_the_corpus_s_where_the_row_has_none(
    endpoint: Any, write_jsonl: Callable[..., Path], toy_corpus: Path, toy_rows: list[dict[str, str]], tmp_path: Path
) -> None:
    says(endpoint, lambda asked: "Grade: 3")
    bare = {"query_id": "b", "query": "what is lift 1", "doc_id": "d01"}
    read = write_jsonl([bare, bare | {"query_id": "a", "doc_text": "As seen."}], "some.jsonl")
    inpars.filter(read, tmp_path / "kept.jsonl", corpus=toy_corpus, **options(endpoint, mode="grade"))
    asked = [seen.body["messages"][-1]["content"] for seen in endpoint.seen]
    assert f"Document: {toy_rows[1]['title']} {toy_rows[1]['text']}\n" in asked[0]
    assert "Document: As seen.\n" in asked[1]
    with pytest.raises(InparsError, match="no corpus was given"):
        inpars.filter(read, tmp_path / "without.jsonl", **options(endpoint, mode="grade"))
    stray = write_jsonl([bare | {"doc_id": "nowhere"}], "stray.jsonl")
    with pytest.raises(InparsError, match=r"which .* lacks"):
        inpars.filter(stray, tmp_path / "stray_kept.jsonl", corpus=toy_corpus, **options(endpoint, mode="grade"))


def test_an_unreadable_answer_is_an_error_and_a_rerun_asks_for_it_alone(
    endpoint: Any, queries: Path, tmp_path: Path
) -> None:
    says(endpoint, lambda asked: "Hard to say." if number_in(asked) in (4, 5) else "Grade: 2")
    kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade")))
    errors = rows(tmp_path / "kept.errors.jsonl")
    assert set(errors) == {"q4", "q5"}
    assert set(kept) | set(errors) == {row["query_id"] for row in ROWS}
    assert errors["q4"]["failed_in"] == "judge"
    assert "no grade" in errors["q4"]["error"]
    assert "score" not in errors["q4"]

    # The request cache has what was said before, so each run has to ask for something else.
    seeds = set()
    for answer in ("Still hard to say.", "Grade: 1"):
        says(endpoint, lambda asked, said=answer: said if number_in(asked) == 4 else "Grade: 2")
        before = len(endpoint.seen)
        kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade")))
        bodies = [seen.body for seen in endpoint.seen[before:]]
        assert [number_in(body["messages"][-1]["content"]) for body in bodies] == ([4] if seeds else [4, 5])
        assert bodies[0]["temperature"] > 0
        seeds.add(bodies[0]["seed"])
    assert len(seeds) == 2
    assert set(kept) == {row["query_id"] for row in ROWS} - {"q4"}
    assert not (tmp_path / "kept.errors.jsonl").exists()
    assert set(rows(tmp_path / "kept.dropped.jsonl")) == {"q4"}


def test_the_batch_api_gets_all_that_is_asked_at_once(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: "Hm." if number_in(asked) == 4 else "Grade: 2")
    chosen = options(endpoint, mode="grade") | {"unit_size": 5}
    chosen["judge"]["openai"]["batch_api"] = True

    def run(batches: int) -> None:
        with pytest.raises(Pending, match="1 batches"):
            inpars.filter(queries, tmp_path / "kept.jsonl", **chosen)
        assert len(endpoint.batches) == batches
        endpoint.finish()
        inpars.filter(queries, tmp_path / "kept.jsonl", **chosen)

    run(batches=1)
    assert set(rows(tmp_path / "kept.errors.jsonl")) == {"q4"}
    says(endpoint, lambda asked: "Grade: 2")
    run(batches=2)
    assert set(rows(tmp_path / "kept.jsonl")) == {row["query_id"] for row in ROWS}


def test_what_a_server_refuses_is_an_error_of_its_query_alone(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: "Grade: 2")
    endpoint.script(None, "500")
    kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade")))
    errors = rows(tmp_path / "kept.errors.jsonl")
    assert set(errors) == {"q1"}
    assert len(kept) == 11


def test_after_a_kill_no_answer_that_was_kept_is_asked_for_again(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: "Grade: 2")
    chosen = options(endpoint, mode="grade") | {"unit_size": 3}
    output = tmp_path / "kept.jsonl"
    endpoint.delay = 0.2
    code = f"import inpars; inpars.filter({str(queries)!r}, {str(output)!r}, **{chosen!r})"
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ), stderr=subprocess.DEVNULL)
    patience = time.monotonic() + 60
    while len(endpoint.seen) < 6 and time.monotonic() < patience:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 6 <= len(endpoint.seen) < 12
    assert not output.exists()
    endpoint.delay = 0
    kept = rows(inpars.filter(queries, output, **chosen))
    assert len(kept) == 12
    asked = Counter(number_in(seen.body["messages"][-1]["content"]) for seen in endpoint.seen)
    assert set(asked) == set(range(12))
    # One request was under way when the kill came.
    assert sum(asked.values()) <= 13


def test_another_rule_on_the_same_answers_costs_nothing(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: f"Grade: {number_in(asked) % 4}")
    inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade"))
    kept = rows(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade", min_grade=3)))
    assert len(kept) == 3
    assert len(endpoint.seen) == 12


def test_the_sidecar_tells_what_the_model_was_asked_and_took(endpoint: Any, queries: Path, tmp_path: Path) -> None:
    says(endpoint, lambda asked: "Grade: 2")
    facts = facts_of(inpars.filter(queries, tmp_path / "kept.jsonl", **options(endpoint, mode="grade")))
    (entry,) = facts["funnel"]
    assert (entry["requests"], entry["prompt_tokens"], entry["completion_tokens"]) == (12, 1200, 120)
    assert {"1-judge.model", "1-judge.prompt"} <= set(facts["inputs"])


def test_a_ready_model_is_asked_in_place_of_the_one_named(queries: Path, tmp_path: Path) -> None:
    ready = DummyModel(fails=lambda key: "out of order")
    output = tmp_path / "kept.jsonl"
    with pytest.raises(NothingProduced, match="12 ended in an error"):
        inpars.filter(queries, output, language_model=ready, methods=["judge"])
    assert rows(output) == {}
    assert {row["error"] for row in rows(tmp_path / "kept.errors.jsonl").values()} == {"out of order"}
    assert facts_of(output)["inputs"]["language_model"] == ready.fingerprint()


def test_a_judge_without_a_model_is_the_user_s_mistake(queries: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="judging needs a language model"):
        inpars.filter(queries, tmp_path / "kept.jsonl", methods=["judge"])


def test_only_what_the_mode_reads_is_part_of_the_identity() -> None:
    plain, graded = JudgeOptions(), JudgeOptions(mode="grade")
    assert JudgeOptions(min_grade=3).identity() == plain.identity()
    assert JudgeOptions(required=("natural",)).identity() != plain.identity()
    assert JudgeOptions(mode="grade", criteria=("natural",)).identity() == graded.identity()
    assert JudgeOptions(mode="grade", min_grade=3).identity() != graded.identity()
    assert plain.inputs() != graded.inputs()
    patient = {"openai": {"concurrency": 3, "requests_per_minute": 60, "cache": "elsewhere"}}
    assert parse_options(JudgeOptions, "judge", patient).identity() == plain.identity()

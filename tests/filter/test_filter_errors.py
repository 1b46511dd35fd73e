from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

import inpars
import inpars.filter
from inpars.data.artifacts import facts_of
from inpars.data.records import SyntheticQuery
from inpars.errors import InputError, OptionError
from inpars.filter.config import _FROM_OUTSIDE
from inpars.filter.explain import explain
from inpars.filter.method import Context, Dropped, Failed, MethodOptions, Outcome
from inpars.options import how

ROWS = [{"query_id": f"q{n}", "query": f"what is thing number {n}", "doc_id": f"d{n}"} for n in range(10)]


class ServiceOptions(MethodOptions):
    """A service that answers with the number in the query, and where it writes down what it was asked."""

    service: Path = how(Path())
    least: int = 0


class MarkOptions(MethodOptions):
    """For a method that reads and sets the fields of others."""

    needs_extra: ClassVar[bool] = True
    needs_log_probs: ClassVar[bool] = True


def mark(queries: Sequence[SyntheticQuery], options: MarkOptions, context: Context) -> list[Outcome]:
    """Add to each note how many log-probabilities there are."""
    for query in queries:
        query.extra["note"] += len(query.log_probs or ())
    return [None] * len(queries)


def judge(queries: Sequence[SyntheticQuery], options: ServiceOptions, context: Context) -> list[Outcome]:
    """Drop odd numbers and those below the least; fail where the service is down for the query."""

    def ask(some: Sequence[SyntheticQuery]) -> list[Any]:
        down = (options.service / "down").read_text().split()
        if "killed" in down and some[0].query_id in down:
            raise KeyboardInterrupt
        with (options.service / "asked").open("a") as log:
            log.write(" ".join(query.query_id for query in some) + "\n")
        return [Failed("no answer") if q.query_id in down else int(q.query.split()[-1]) for q in some]

    numbers = context.each(queries, ask)
    context.facts["tokens"] = 1234
    return [n if isinstance(n, Failed) else Dropped("odd") if n % 2 or n < options.least else None for n in numbers]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Path]:
    """The service's folder; the method is known as `service` while a test uses it."""
    inpars.filter.register("service", f"{__name__}:judge", ServiceOptions)
    (tmp_path / "down").write_text("q2 q3 q8")
    yield tmp_path
    del inpars.filter.METHODS.entries["service"], _FROM_OUTSIDE["service"]


@pytest.fixture
def queries(write_jsonl: Callable[..., Path]) -> Path:
    return write_jsonl(ROWS, "queries.jsonl")


def run(queries: Path, folder: Path, methods: tuple[str, ...] = (), **options: Any) -> Path:
    chosen = [{"service": {"service": str(folder), **options}}, *methods]
    return inpars.filter(queries, folder / "kept.jsonl", methods=chosen, unit_size=4)


def asked(folder: Path) -> list[list[str]]:
    """The ids in each request since the last call."""
    log = folder / "asked"
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return {row["query_id"]: row for row in map(json.loads, path.read_text().splitlines())}


def test_what_could_not_be_judged_is_neither_kept_nor_dropped(queries: Path, service: Path) -> None:
    output = run(queries, service)
    assert set(rows(output)) == {"q0", "q4", "q6"}
    assert set(rows(service / "kept.dropped.jsonl")) == {"q1", "q5", "q7", "q9"}
    errors = rows(service / "kept.errors.jsonl")
    assert {name: (row["failed_in"], row["error"]) for name, row in errors.items()} == dict.fromkeys(
        ("q2", "q3", "q8"), ("service", "no answer")
    )
    facts = facts_of(output)
    assert [facts[name] for name in ("read", "kept", "dropped", "errors")] == [10, 3, 4, 3]
    assert facts["funnel"] == [{"method": "service", "read": 10, "dropped": 4, "errors": 3, "kept": 3, "tokens": 1234}]


def test_a_rerun_asks_for_the_failed_alone_until_none_is_left(queries: Path, service: Path) -> None:
    output = run(queries, service)
    assert asked(service) == [["q0", "q1", "q2", "q3"], ["q4", "q5", "q6", "q7"], ["q8", "q9"]]
    (service / "down").write_text("q3")
    run(queries, service)
    assert asked(service) == [["q2", "q3", "q8"]]
    assert set(rows(service / "kept.errors.jsonl")) == {"q3"}
    (service / "down").write_text("")
    run(queries, service)
    assert asked(service) == [["q3"]]
    assert list(rows(output)) == ["q0", "q2", "q4", "q6", "q8"]
    assert set(rows(service / "kept.dropped.jsonl")) == {"q1", "q3", "q5", "q7", "q9"}
    assert not (service / "kept.errors.jsonl").exists()
    assert not list(service.glob(".kept*"))
    run(queries, service)
    assert asked(service) == []


def test_how_often_a_query_failed_is_known_when_it_is_asked_for_again(queries: Path, service: Path) -> None:
    read = [SyntheticQuery(**row) for row in ROWS]
    counts: list[dict[str, int]] = []

    def ask(some: Sequence[SyntheticQuery]) -> list[Any]:
        counts.append({query.query_id: context.failures[query.query_id] for query in some})
        return [Failed("no answer") if query.query_id == "q3" else 1 for query in some]

    for _ in range(3):
        context = Context(service / "units", "service", unit_size=8)
        assert context.each(read, ask)[3] == Failed("no answer")
    assert counts == [{f"q{n}": 0 for n in range(8)}, {"q8": 0, "q9": 0}, {"q3": 1}, {"q3": 2}]


def test_what_was_answered_before_a_kill_is_not_asked_again(queries: Path, service: Path) -> None:
    (service / "down").write_text("killed q4")
    with pytest.raises(KeyboardInterrupt):
        run(queries, service)
    assert asked(service) == [["q0", "q1", "q2", "q3"]]
    (service / "down").write_text("")
    output = run(queries, service)
    assert asked(service) == [["q4", "q5", "q6", "q7"], ["q8", "q9"]]
    assert list(rows(output)) == ["q0", "q2", "q4", "q6", "q8"]


def test_other_options_of_the_method_ask_for_everything_again(queries: Path, service: Path) -> None:
    run(queries, service)
    asked(service)
    run(queries, service, least=4)
    assert sum(map(len, asked(service))) == 10


def test_the_methods_after_it_get_only_what_was_judged(queries: Path, service: Path) -> None:
    output = run(queries, service, ("length",))
    assert facts_of(output)["funnel"][1] == {"method": "length", "read": 3, "dropped": 0, "errors": 0, "kept": 3}
    assert "length" not in rows(service / "kept.errors.jsonl")["q3"].get("scores", {})


def test_the_funnel_shows_errors_with_their_cause_and_what_the_method_has_to_tell(queries: Path, service: Path) -> None:
    text = explain(run(queries, service))
    assert "not judged by service, to be tried again: 3 of 3" in text
    assert text.count("no answer") == 3
    assert "tokens 1,234" in text


def test_a_query_that_stands_twice_is_asked_once(write_jsonl: Callable[..., Path], service: Path) -> None:
    run(write_jsonl([ROWS[0], ROWS[1], ROWS[0]]), service)
    assert asked(service) == [["q0", "q1"]]
    assert (service / "kept.jsonl").read_text().count("q0") == 2


def test_one_id_for_two_queries_is_refused(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    queries = write_jsonl([ROWS[0], ROWS[1] | {"query_id": "q0"}])
    with pytest.raises(InputError, match="an id for every query; found 'q0' for 'what is thing number 1'"):
        inpars.filter(queries, tmp_path / "kept.jsonl")


def test_a_method_that_needs_them_has_the_log_probabilities_and_the_fields_of_others(
    write_jsonl: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(inpars.filter.METHODS.entries, "mark", f"{__name__}:mark")
    monkeypatch.setitem(_FROM_OUTSIDE, "mark", MarkOptions)
    queries = write_jsonl([row | {"note": 40, "log_probs": [-1.0, -2.0]} for row in ROWS])
    output = inpars.filter(queries, tmp_path / "kept.jsonl", methods=["mark"])
    assert {row["note"] for row in rows(output).values()} == {42}


def test_options_of_a_method_from_outside_are_checked_like_any(queries: Path, service: Path) -> None:
    with pytest.raises(OptionError, match=r"'filter.service.leest'; did you mean 'least'"):
        run(queries, service, leest=4)

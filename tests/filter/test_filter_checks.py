"""What the filter looks for before its first method: whatever a later one lacks, nothing is asked before it is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.errors import InparsError

Write = Callable[..., Path]


def refused(queries: Path, *methods: Any, corpus: Path | None = None) -> str:
    """What is said of a filter whose first method would ask a server that is not there."""
    judge = {"judge": {"model": "openai:gpt-x", "openai": {"base_url": "http://127.0.0.1:1/v1", "retries": 0}}}
    output = queries.with_name("kept.jsonl")
    before = set(queries.parent.iterdir())
    with pytest.raises(InparsError) as error:
        inpars.filter(queries, output, corpus=corpus, methods=[judge, *methods])
    assert set(queries.parent.iterdir()) == before
    return error.value.message


@pytest.fixture
def queries(write_jsonl: Write, toy_rows: list[dict[str, str]]) -> Path:
    rows = [{"query": f"what is lift {n}", "doc_id": row["_id"]} for n, row in enumerate(toy_rows[:20])]
    return write_jsonl(
        [row | {"doc_text": toy_rows[n]["text"], "log_probs": None} for n, row in enumerate(rows)], "queries.jsonl"
    )


def test_log_probabilities(queries: Path) -> None:
    assert "the scores filter needs log-probabilities" in refused(queries, "scores")


def test_a_corpus(queries: Path) -> None:
    assert "the filter method 'consistency' reads the documents, and no corpus" in refused(queries, "consistency")


def test_a_corpus_for_rows_without_text_alone(write_jsonl: Write) -> None:
    bare = write_jsonl([{"query_id": "q", "query": "what is lift", "doc_id": "d01"}], "bare.jsonl")
    assert "'judge' reads the documents, and no corpus was given" in refused(bare)
    kept = inpars.filter(bare, bare.with_name("kept.jsonl"), methods=[{"language": {"languages": ["en"]}}])
    assert kept.read_text()


def test_documents_that_a_method_reads(write_jsonl: Write, toy_corpus: Path) -> None:
    rows = [{"query_id": f"q{n}", "query": "what is lift", "doc_id": f"x{n}"} for n in range(3)]
    stray = write_jsonl(rows, "stray.jsonl")
    assert "it lacks 3 of the 3 documents of these 3 queries" in refused(stray, corpus=toy_corpus)
    kept = inpars.filter(stray, stray.with_name("kept.jsonl"), corpus=toy_corpus, methods=["length"])
    assert len(kept.read_text().splitlines()) == 3


def test_models_libraries_and_languages_all_at_once(queries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    methods = [
        {"reranker": {"model": "./gone"}},
        {"language": {"languages": ["qq"]}},
        {"duplicates": {"kind": "minhash"}},
        {"judge": {"model": "openai:x", "prompt": "gone.yaml", "openai": {"base_url": "nonsense"}}},
    ]
    for said in ("reranker.model: there is no model './gone'", "'qq'", "'datasketch'"):
        assert said in refused(queries, *methods[:3])
    assert "no judge prompt at gone.yaml" in refused(queries, methods[3])


def test_a_criterion_that_there_is_not(queries: Path) -> None:
    wrong = {"judge": {"model": "openai:x", "criteria": ["nonsense"], "openai": {"base_url": "http://127.0.0.1:1/v1"}}}
    assert "unknown criterion 'nonsense'" in refused(queries, wrong)


def test_queries_of_another_corpus_with_the_same_ids(queries: Path, write_jsonl: Write) -> None:
    rows = [{"_id": f"d{n:02d}", "text": f"A bird of the kind {n} sings in spring."} for n in range(60)]
    birds = write_jsonl(rows, "birds.jsonl")
    assert "the queries are of another corpus" in refused(queries, corpus=birds)

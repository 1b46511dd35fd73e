"""What holds of every method that needs no model, whatever the queries: no row is lost, and no order matters."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.errors import NothingProduced

WORDS = st.sampled_from(["what", "is", "Lift", "lift", "drag", "of", "a", "wing", "日本の首都", "?", "stall"])
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
LOG_PROBS = st.none() | st.lists(st.sampled_from([-3.0, -1.0, -0.5, 0.0]), max_size=4)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "query": TEXTS,
            "doc_id": st.sampled_from(["1", "2", "3"]),
            "doc_text": st.sampled_from(
                ["", "what is lift of a wing", "drag of a wing, a stall", "日本の首都は東京です"]
            ),
            "log_probs": LOG_PROBS,
            "score": st.sampled_from([-2.0, -1.0, 0.0, 0.5]),
        }
    ),
    min_size=1,
    max_size=14,
    # A query of one document has one id.
    unique_by=lambda row: (row["query"], row["doc_id"]),
)
CORPUS = MemoryCorpus([Document(str(n), "lift of a wing, 日本の首都は東京です") for n in range(1, 5)])
METHODS: list[Any] = [
    ["length"],
    ["copied"],
    ["echo", "loop", "unfinished"],
    [{"copied": {"min_words": 1, "max_share": 0.4, "ngram": 2}}],
    [{"duplicates": {"kind": "exact"}}],
    [{"duplicates": {"similarity": 0.5}}],
    [{"duplicates": {"similarity": 0.4, "shingle": 2}}],
    [{"top_k": {"keep_top_k": 4}}],
    [{"top_k": {"keep_top_k": 0.4, "max_per_document": 2}}],
    [{"top_k": {"min_percentile": 20, "max_percentile": 80, "max_score": 0}}],
    ["length", {"duplicates": {"similarity": 0.5}}, "copied", {"top_k": {"keep_top_k": 0.5}}],
]
# These refuse queries of which none has log-probabilities.
SCORING: list[Any] = [
    [{"scores": {"keep_top_k": 3, "max_per_document": 2}}],
    [{"scores": {"scoring": "sum_log_probs", "min_percentile": 30}}, {"duplicates": {"similarity": 0.6}}],
]
NEED_LIBRARIES: list[Any] = [
    [{"duplicates": {"kind": "minhash", "similarity": 0.5}}],
    [{"language": {"languages": ["en"], "among": ["en", "ja"], "min_confidence": 0.4}}],
]


def filtered(folder: Path, name: str, rows: list[dict[str, Any]], methods: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows that were kept, dropped and failed, of which the sidecar counts as many."""
    queries, output = folder / f"{name}.in.jsonl", folder / f"{name}.jsonl"
    queries.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with contextlib.suppress(NothingProduced):
        inpars.filter(queries, output, corpus=CORPUS, methods=methods)
    places = {part: folder / f"{name}.{part}.jsonl" for part in ("dropped", "errors")} | {"kept": output}
    parts = {
        part: [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()] if place.exists() else []
        for part, place in places.items()
    }
    facts = facts_of(output)
    assert {part: facts[part] for part in parts} == {part: len(found) for part, found in parts.items()}
    return parts


def bag(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in rows)


def hold(rows: list[dict[str, Any]], shuffled: list[dict[str, Any]], methods: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, two = filtered(folder, "one", rows, methods), filtered(folder, "two", shuffled, methods)
    read = Counter((row["query"], row["doc_id"]) for row in rows)
    assert sum((Counter((row["query"], row["doc_id"]) for row in part) for part in one.values()), Counter()) == read
    assert all(row["reason"] and row["dropped_by"] for row in one["dropped"])
    order = [(row["query"], row["doc_id"]) for row in rows]
    places = [order.index((row["query"], row["doc_id"])) for row in one["kept"]]
    assert places == sorted(places)
    # Reasons, scores and all.
    assert {part: bag(found) for part, found in one.items()} == {part: bag(found) for part, found in two.items()}


@pytest.mark.parametrize("methods", METHODS, ids=json.dumps)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_no_row_is_lost_and_the_order_of_the_rows_does_not_matter(methods: Any, data: st.DataObject) -> None:
    rows = data.draw(ROWS)
    hold(rows, data.draw(st.permutations(rows)), methods)


@pytest.mark.parametrize("methods", SCORING, ids=json.dumps)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_that_holds_of_scores_too(methods: Any, data: st.DataObject) -> None:
    rows = [*data.draw(ROWS), {"query": "what is heat of a cone", "doc_id": "4", "log_probs": [-1.0]}]
    hold(rows, data.draw(st.permutations(rows)), methods)


@pytest.mark.parametrize("methods", NEED_LIBRARIES, ids=json.dumps)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_that_holds_of_methods_with_libraries_of_their_own(methods: Any, data: st.DataObject) -> None:
    pytest.importorskip("lingua")
    pytest.importorskip("datasketch")
    rows = data.draw(ROWS)
    hold(rows, data.draw(st.permutations(rows)), methods)


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_that_holds_of_embeddings_too(data: st.DataObject, tiny_bi_encoder: Path) -> None:
    rows = data.draw(ROWS)
    duplicates = {"kind": "embeddings", "model": str(tiny_bi_encoder), "similarity": 0.9, "precision": "fp32"}
    hold(rows, data.draw(st.permutations(rows)), [{"duplicates": duplicates}])

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.artifacts import facts_of
from inpars.data.queries import read_synthetic_queries
from inpars.errors import InputError, NothingProduced, OptionError
from inpars.filter import METHODS
from inpars.filter.config import FilterConfig

ROWS: list[dict[str, Any]] = [
    {"query_id": "a", "query": "what is lift on a wing", "doc_id": "1", "log_probs": [-1.0], "note": "kept along"},
    {"query_id": "b", "query": "lift", "doc_id": "2", "log_probs": [-0.5]},
    {"query_id": "c", "query": "What is lift on a wing", "doc_id": "3", "log_probs": [-0.1]},
    {"query_id": "d", "query": "drag of a slender cone", "doc_id": "4", "log_probs": [-3.0]},
    {"query_id": "e", "query": "heat of a blunt nose", "doc_id": "5", "log_probs": None},
]


@pytest.fixture
def queries(write_jsonl: Callable[..., Path]) -> Path:
    return write_jsonl(ROWS, "queries.jsonl")


@pytest.fixture(scope="module")
def generated(collection: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Queries of the extractive generator for a real collection."""
    output = tmp_path_factory.mktemp("generated") / "queries.jsonl"
    return inpars.generate(collection("xquad-en"), output, queries_per_document=4, extractive={"hide": 0.5})


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ids(path: Path) -> list[str]:
    return [row["query_id"] for row in rows(path)]


def test_kept_queries_stand_in_their_order_and_dropped_ones_beside_with_method_and_reason(
    queries: Path, tmp_path: Path
) -> None:
    output = inpars.filter(queries, tmp_path / "kept.jsonl", methods=["length", "duplicates"])
    assert ids(output) == ["a", "d", "e"]
    dropped = {row["query_id"]: (row["dropped_by"], row["reason"]) for row in rows(tmp_path / "kept.dropped.jsonl")}
    assert dropped == {"b": ("length", "1 words, fewer than 3"), "c": ("duplicates", "same as a")}


def test_a_kept_row_keeps_its_other_fields(queries: Path, tmp_path: Path) -> None:
    assert rows(inpars.filter(queries, tmp_path / "kept.jsonl"))[0]["note"] == "kept along"


def test_methods_are_applied_in_the_order_given(queries: Path, tmp_path: Path) -> None:
    options = {"scores": {"min_score": -0.4}}
    scores_first = inpars.filter(queries, tmp_path / "one.jsonl", methods=["scores", "duplicates"], **options)
    assert ids(scores_first) == ["c"]
    with pytest.raises(NothingProduced):
        inpars.filter(queries, tmp_path / "two.jsonl", methods=["duplicates", "scores"], **options)
    assert ids(tmp_path / "two.jsonl") == []


def test_where_nothing_is_kept_all_is_written_and_each_call_says_so(queries: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(NothingProduced, match=r"kept none of 5 queries \(dropped by length 5\)") as raised:
            inpars.filter(queries, tmp_path / "kept.jsonl", methods=["length"], length={"min_words": 99})
        assert "kept.dropped.jsonl says why" in raised.value.hint
    assert ids(tmp_path / "kept.dropped.jsonl") == ["a", "b", "c", "d", "e"]
    assert facts_of(tmp_path / "kept.jsonl")["kept"] == 0


def test_top_k_takes_the_scores_of_the_method_before_it(queries: Path, tmp_path: Path) -> None:
    output = inpars.filter(queries, tmp_path / "kept.jsonl", methods=["scores", "top_k"], top_k={"keep_top_k": 2})
    assert [(row["query_id"], row["score"]) for row in rows(output)] == [("b", -0.5), ("c", -0.1)]


@pytest.mark.parametrize(
    "methods", [[], ["length"], ["copied", "duplicates"], ["length", "copied", "duplicates", "scores", "top_k"]]
)
def test_kept_and_dropped_together_are_what_was_read(methods: list[str], generated: Path, tmp_path: Path) -> None:
    output = inpars.filter(
        generated, tmp_path / "kept.jsonl", methods=methods, top_k={"keep_top_k": 0.5}, duplicates={"similarity": 0.5}
    )
    dropped = rows(tmp_path / "kept.dropped.jsonl") if methods else []
    assert Counter(ids(output)) + Counter(row["query_id"] for row in dropped) == Counter(ids(generated))
    facts = facts_of(output)
    assert facts["read"] == facts["kept"] + facts["dropped"] + facts["errors"] == len(ids(generated))
    by_method = Counter(row["dropped_by"] for row in dropped)
    assert [(entry["method"], entry["dropped"]) for entry in facts["funnel"]] == [(m, by_method[m]) for m in methods]
    counts = [facts["read"], *(entry["kept"] for entry in facts["funnel"])]
    assert [entry["read"] for entry in facts["funnel"]] == counts[:-1]
    assert counts[-1] == facts["kept"]


def test_output_of_one_filter_is_input_of_the_next(queries: Path, tmp_path: Path) -> None:
    scored = inpars.filter(queries, tmp_path / "scored.jsonl", methods=["scores"])
    best = inpars.filter(scored, tmp_path / "best.jsonl", methods=["top_k"], top_k={"keep_top_k": 1})
    assert ids(best) == ["c"]


def test_dropped_rows_load_as_queries(queries: Path, tmp_path: Path) -> None:
    inpars.filter(queries, tmp_path / "kept.jsonl")
    loaded = list(read_synthetic_queries(tmp_path / "kept.dropped.jsonl"))
    assert [query.extra["dropped_by"] for query in loaded] == ["length", "duplicates"]


def test_rows_of_the_toolkit_and_of_version_one_are_read(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    toolkit = {"query": "what is lift on a wing", "doc_id": "1", "text": "What is lift on a wing?", "log_probs": [-1.0]}
    version_one = {"question": "drag of a slender cone", "doc_id": 7, "doc_text": "Cones.", "log_probs": [-2.0]}
    queries = write_jsonl([toolkit, version_one], "old.jsonl")
    output = inpars.filter(queries, tmp_path / "kept.jsonl", methods=["copied", "scores"])
    assert [(row["query"], row["doc_id"], row["score"]) for row in rows(output)] == [
        ("drag of a slender cone", "7", -2.0)
    ]


def test_a_second_call_does_nothing_and_changed_options_or_queries_do_it_again(
    queries: Path, tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    output = inpars.filter(queries, tmp_path / "kept.jsonl")
    before = output.stat().st_mtime_ns
    inpars.filter(queries, output)
    assert output.stat().st_mtime_ns == before
    inpars.filter(queries, output, length={"min_words": 1})
    assert ids(output) == ["a", "b", "d", "e"]
    write_jsonl(ROWS[:2], "queries.jsonl")
    inpars.filter(queries, output, length={"min_words": 1})
    assert ids(output) == ["a", "b"]


def test_an_unknown_method_is_suggested_before_anything_is_written(queries: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="unknown filter method 'duplicate'") as error:
        inpars.filter(queries, tmp_path / "out" / "kept.jsonl", methods=["length", "duplicate"])
    assert "did you mean 'duplicates'?" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_an_unknown_option_of_a_method_is_suggested(queries: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'filter.length.min_word'; did you mean 'min_words'"):
        inpars.filter(queries, tmp_path / "kept.jsonl", length={"min_word": 2})


def test_a_line_that_is_no_query_is_named(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    broken = write_jsonl([ROWS[0], {"text": "no query here"}], "broken.jsonl")
    with pytest.raises(InputError, match="line 2"):
        inpars.filter(broken, tmp_path / "kept.jsonl")


def test_every_method_has_options_under_its_name() -> None:
    assert set(METHODS) == set(FilterConfig.model_fields) - {"methods", "unit_size"}


def test_methods_take_their_options_where_they_stand_and_otherwise_those_under_their_name(
    queries: Path, tmp_path: Path
) -> None:
    methods = ["length", {"length": {"max-words": 5}}, {"scores": None}]
    output = inpars.filter(queries, tmp_path / "kept.jsonl", methods=methods, length={"min_words": 1})
    assert ids(output) == ["b", "d"]
    # What is written with a method goes before what is under its name, and beside it.
    both = inpars.filter(
        queries,
        tmp_path / "both.jsonl",
        methods=[{"length": {"min_words": 5}}],
        length={"min_words": 1, "max_words": 5},
    )
    assert ids(both) == ["d", "e"]


@pytest.mark.parametrize("method", [{"length": 3}, {"length": {}, "scores": {}}, {}])
def test_a_method_that_is_no_name_with_options_is_refused(method: Any, queries: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="expected a name, or one name with its options"):
        inpars.filter(queries, tmp_path / "kept.jsonl", methods=[method])


def test_rows_keep_their_prompts_and_examples_though_methods_do_not_see_them(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    whole = [row | {"prompt_text": f"Write {row['query']}", "fewshot_examples": ["q1"]} for row in ROWS]
    output = inpars.filter(write_jsonl(whole, "whole.jsonl"), tmp_path / "kept.jsonl")
    for path in (output, tmp_path / "kept.dropped.jsonl"):
        assert [(row["prompt_text"], row["fewshot_examples"]) for row in rows(path)] == [
            (f"Write {row['query']}", ["q1"]) for row in rows(path)
        ]
    assert ids(output) == ["a", "d", "e"]


def test_neither_prompts_nor_a_documents_second_query_take_memory(tmp_path: Path) -> None:
    queries, long = tmp_path / "queries.jsonl", "word " * 4000
    with queries.open("w") as stream:
        for n in range(1500):
            row = {"query": f"what is thing {n}", "doc_id": f"{n % 30}", "doc_text": f"{n % 30} {long}"}
            stream.write(json.dumps(row | {"prompt_text": f"{n} {long}"}) + "\n")
    tracemalloc.start()
    inpars.filter(queries, tmp_path / "kept.jsonl", methods=["length"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert queries.stat().st_size > 50e6
    assert peak < 6e6


def test_what_no_method_reads_takes_no_memory_and_is_written_all_the_same(tmp_path: Path) -> None:
    queries, told = tmp_path / "queries.jsonl", {"log_probs": [-0.5] * 400, "reasoning": {"steps": ["so"] * 400}}
    with queries.open("w") as stream:
        for n in range(1500):
            stream.write(json.dumps({"query": f"what is thing {n}", "doc_id": f"{n}", **told}) + "\n")
    tracemalloc.start()
    output = inpars.filter(queries, tmp_path / "kept.jsonl", methods=["duplicates"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6e6
    kept = rows(output)
    assert len(kept) == 1500
    assert {name: kept[0][name] for name in told} == told


@pytest.mark.parametrize("name", ["kept.jsonl", "kept.dropped.jsonl", "kept.errors.jsonl"])
def test_neither_an_output_nor_its_side_file_may_take_the_place_of_the_queries(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "link").symlink_to(tmp_path)
    for folder in (tmp_path, tmp_path / "link"):
        with pytest.raises(OptionError, match=f"{name} would take the place of the input"):
            inpars.filter(tmp_path / name, folder / "kept.jsonl")
    assert ids(tmp_path / name) == ["a", "b", "c", "d", "e"]
    assert {path.name for path in tmp_path.iterdir()} == {name, "link"}


def test_a_side_file_without_rows_is_not_left_behind(queries: Path, tmp_path: Path) -> None:
    inpars.filter(queries, tmp_path / "kept.jsonl")
    assert (tmp_path / "kept.dropped.jsonl").exists()
    inpars.filter(queries, tmp_path / "kept.jsonl", methods=[])
    assert {path.name for path in tmp_path.iterdir()} == {"queries.jsonl", "kept.jsonl", "kept.jsonl.meta.json"}

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpars.data.queries import read_queries, read_synthetic_queries, write_queries, write_synthetic_queries
from inpars.data.records import Query, SyntheticQuery
from inpars.errors import InputError

WriteBytes = Callable[[str, bytes], Path]
QUERIES = [Query("007", "who is bond"), Query("q2", "what is lift")]

TOPICS = """
<top>
<num> Number: 301
<title> International
 organized crime

<desc> Description:
Identify organizations.
</top>
<top><num>302</num><title>Poliomyelitis</title></top>
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"_id": "007", "text": "who is bond"}\n{"_id": "q2", "text": "what is lift", "metadata": {}}\n'),
        ("q.jsonl.gz", '{"query_id": "007", "query": "who is bond"}\n\n{"query_id": "q2", "query": "what is lift"}\n'),
        ("q.csv", 'qid,query\r\n007,"who is bond"\r\nq2,what is lift\r\n'),
        ("q.tsv", "007\twho is bond\nq2\twhat is lift\n"),
        ("q.tsv.zst", "query-id\tquery\n007\twho is bond \nq2\twhat is lift\n"),
        ("q.txt", "<top><num>007<title>who is\nbond</top><TOP><NUM> Number: q2 <TITLE> what is lift\n</TOP>"),
    ],
)
def test_every_usual_form_of_a_query_file_is_read(write_bytes: WriteBytes, name: str, text: str) -> None:
    assert read_queries(write_bytes(name, text.encode())) == QUERIES


def test_trec_topics_are_read_by_number_and_title(write_bytes: WriteBytes) -> None:
    path = write_bytes("topics.robust04.txt", TOPICS.encode())
    assert read_queries(path) == [Query("301", "International organized crime"), Query("302", "Poliomyelitis")]


def test_columns_may_be_named_in_the_path(write_bytes: WriteBytes) -> None:
    path = write_bytes("q.tsv", b"no\tasked\n007\twho is bond\nq2\twhat is lift\n")
    assert read_queries(f"{path}?id=no&text=asked") == QUERIES


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    write_queries(tmp_path / "queries.jsonl", QUERIES)
    assert read_queries(tmp_path / "queries.jsonl") == QUERIES


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("q.tsv", "q1\tone\nq2\ttwo\nq1\tthree\n", "line 3: expected every query id once; found 'q1' again"),
        ("q.tsv", "q1\tone\nq2\t \n", "line 2: expected a query; found no text for 'q2'"),
        ("q.tsv", "q1\tone\nq2\n", r"line 2: expected 2 values \(id, text\); found 1"),
        ("q.jsonl", '{"_id": "q1"}\n', "line 1: expected a field with a text: text, query, .*; found '_id'"),
        ("q.jsonl", "", "expected at least one query; found none"),
        ("q.txt", "\nq1 what is lift\n", r"line 1: expected TREC topics .*\.jsonl.*; found 'q1 what is lift'"),
        ("q.txt", "\n<top>\n<num>1</num>\n</top>\n", "line 2: expected <title> in the topic; found '<num>1</num>'"),
        ("q.txt", "<top><title>lift</title></top>", "line 1: expected <num> in the topic"),
    ],
)
def test_bad_query_files_are_refused(write_bytes: WriteBytes, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"{name}(, |: ){message}"):
        read_queries(write_bytes(name, text.encode()))


def test_topics_that_are_cut_off_or_not_utf_8_are_input_errors(write_bytes: WriteBytes) -> None:
    path = write_bytes("topics.txt.gz", TOPICS.encode())
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"expected readable .gz data"):
        read_queries(path)
    with pytest.raises(InputError, match="line 2: expected UTF-8 text; found byte 0xe9 at column 4"):
        read_queries(write_bytes("topics.txt", b"<top>\ncaf\xe9</top>"))


def test_generated_queries_read_back(tmp_path: Path) -> None:
    queries = [
        SyntheticQuery("what is lift", "007", "wings", [-0.25, -1.5], generator="g", prompt_text="p", score=-0.5),
        SyntheticQuery("what is drag", "d2", "air", None, "length", scores={"copied": 0.1}, extra={"url": "x"}),
    ]
    assert write_synthetic_queries(tmp_path / "queries.jsonl", queries) == 2
    assert list(read_synthetic_queries(tmp_path / "queries.jsonl")) == queries


def test_a_file_of_the_toolkit_loads_as_it_is(write_jsonl: Callable[..., Path]) -> None:
    row = {
        "query": "what is lift",
        "log_probs": [-0.5, -0.25],
        "prompt_text": "Example 1: …",
        "doc_id": "007",
        "fewshot_examples": ["3", "7"],
        "text": "Wings lift.",
        "score": -0.375,
    }
    (query,) = read_synthetic_queries(write_jsonl([row]))
    assert (query.query, query.doc_id, query.doc_text) == ("what is lift", "007", "Wings lift.")
    assert (query.log_probs, query.score) == ([-0.5, -0.25], -0.375)
    assert (query.prompt_text, query.fewshot_examples) == ("Example 1: …", ["3", "7"])
    assert len(query.query_id) == 16


def test_a_file_of_inpars_v1_loads_as_it_is(write_jsonl: Callable[..., Path]) -> None:
    row = {"doc_id": 7, "doc_text": "Wings lift.", "question": "what is lift", "log_probs": [-0.5], "bad_question": "?"}
    (query,) = read_synthetic_queries(write_jsonl([row]))
    assert (query.query, query.doc_id, query.doc_text) == ("what is lift", "7", "Wings lift.")
    assert query.log_probs is not None
    assert math.isclose(sum(query.log_probs), -0.5)
    assert query.extra == {"bad_question": "?"}


def test_the_id_does_not_depend_on_the_place_in_the_file(write_jsonl: Callable[..., Path]) -> None:
    rows = [{"query": f"query {n}", "doc_id": f"d{n}"} for n in range(5)]
    forward = {query.query: query.query_id for query in read_synthetic_queries(write_jsonl(rows))}
    backward = {query.query: query.query_id for query in read_synthetic_queries(write_jsonl(rows[::-1]))}
    assert forward == backward
    assert len(set(forward.values())) == 5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"doc_id": "d1", "text": "x"}, "expected the fields 'query' and 'doc_id'; found 'doc_id', 'text'"),
        ({"query": "x", "text": "x"}, "expected the fields 'query' and 'doc_id'; found 'query', 'text'"),
        ({"query": None, "doc_id": "d1"}, "expected the fields 'query' and 'doc_id'"),
        ({"query": "x", "doc_id": None}, "expected a string or a whole number as id in 'doc_id'; found None"),
        ({"query": "x", "doc_id": "d1", "query_id": [1, 2]}, "as id in 'query_id'; found "),
        ({"query": "x", "doc_id": "d1", "log_probs": "[-1.0]"}, "expected a list of numbers as 'log_probs'; found '"),
        ({"query": "x", "doc_id": "d1", "log_probs": ["-1"]}, "expected a list of numbers as 'log_probs'"),
        ({"query": "x", "doc_id": "d1", "score": "high"}, "expected a number as 'score'; found 'high'"),
        ({"query": "x", "doc_id": "d1", "scores": [0.5]}, "expected an object of numbers as 'scores'"),
        ({"query": "x", "doc_id": "d1", "scores": {"copied": "0.5"}}, "expected an object of numbers as 'scores'"),
    ],
)
def test_bad_rows_are_refused(write_jsonl: Callable[..., Path], row: dict[str, Any], message: str) -> None:
    path = write_jsonl([{"query": "fine", "doc_id": "d1"}, row])
    with pytest.raises(InputError, match=f"rows.jsonl, line 2: .*{message}"):
        list(read_synthetic_queries(path))


def test_an_empty_file_of_generated_queries_is_refused(write_jsonl: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="expected at least one synthetic query; found an empty file"):
        list(read_synthetic_queries(write_jsonl([])))


def test_a_log_probability_that_is_no_number_leaves_the_query_without_any(write_bytes: WriteBytes) -> None:
    rows = [
        '{"query": "a", "doc_id": "1", "log_probs": [-0.5, NaN], "score": NaN}',
        '{"query": "b", "doc_id": "1", "log_probs": [-Infinity]}',
        '{"query": "c", "doc_id": "1", "log_probs": NaN, "scores": {"copied": 0.5}}',
        '{"query": "d", "doc_id": "1", "log_probs": [], "score": -Infinity}',
        '{"query": "NaN", "doc_id": "NaN", "log_probs": [-0.5]}',
    ]
    queries = list(read_synthetic_queries(write_bytes("rows.jsonl", "\n".join(rows).encode())))
    assert [query.log_probs for query in queries] == [None, None, None, [], [-0.5]]
    assert [query.score for query in queries] == [None] * 5
    assert (queries[4].query, queries[4].doc_id) == ("NaN", "NaN")


def test_where_no_query_was_kept_the_hint_names_the_files_that_say_why(write_jsonl: Callable[..., Path]) -> None:
    empty, hints = write_jsonl([], "queries.jsonl"), []
    for part in ("", "errors", "dropped"):
        if part:
            write_jsonl([{"doc_id": "d1"}], f"queries.{part}.jsonl")
        with pytest.raises(InputError, match="expected at least one synthetic query; found an empty file") as error:
            list(read_synthetic_queries(empty))
        hints.append(error.value.hint)
    dropped, errors = (empty.with_name(f"queries.{part}.jsonl") for part in ("dropped", "errors"))
    assert hints == ["", f"{errors} says why", f"{dropped} and {errors} say why"]


def test_generated_queries_serve_as_queries_too(write_jsonl: Callable[..., Path]) -> None:
    rows = [{"query_id": f"a{n}", "query": f"what is {n}", "doc_id": "d1", "score": 0.5} for n in range(2)]
    assert read_queries(write_jsonl(rows)) == [Query("a0", "what is 0"), Query("a1", "what is 1")]


def test_judgments_by_id_in_the_place_of_queries_are_named(write_bytes: WriteBytes) -> None:
    path = write_bytes("judged.csv", b"query,document,grade\nq1,d1,1\n")
    with pytest.raises(
        InputError, match="expected the texts of queries; found judgments that name them by ids, such as 'q1'"
    ):
        read_queries(path)

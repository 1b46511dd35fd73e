from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, Triple
from inpars.data.triples import export_ids, export_texts, read_triples, write_triples
from inpars.errors import InparsError, InputError

TRIPLES = [
    Triple("q1", "what is\tlift", "d1", ["d2", "007"], [2.5, 1.0], teacher_scores=[3.0, 1.5, -2.0], ranks=[1, 4]),
    Triple("q2", "drag", "d2", ["d1"], [0.5], positive_text="the text\nwithout the query"),
]
CORPUS = MemoryCorpus(
    [Document("d1", "wings\nlift", "Wings"), Document("d2", "drag slows"), Document("007", "a\tspy", "Bond")]
)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    assert write_triples(tmp_path / "triples.jsonl", iter(TRIPLES)) == 2
    assert list(read_triples(tmp_path / "triples.jsonl")) == TRIPLES


def test_the_export_of_texts_has_one_line_for_each_negative(tmp_path: Path) -> None:
    assert export_texts(tmp_path / "triples.tsv", TRIPLES, CORPUS) == 3
    assert (tmp_path / "triples.tsv").read_text() == (
        "what is lift\tWings wings lift\tdrag slows\n"
        "what is lift\tWings wings lift\tBond a spy\n"
        "drag\tthe text without the query\tWings wings lift\n"
    )


def test_the_export_of_ids_has_one_line_for_each_negative(tmp_path: Path) -> None:
    assert export_ids(tmp_path / "triples.ids.tsv", TRIPLES) == 3
    assert (tmp_path / "triples.ids.tsv").read_text() == "q1\td1\td2\nq1\td1\t007\nq2\td2\td1\n"


@pytest.mark.parametrize("triple", [Triple("q1", "lift", "gone", ["d1"]), Triple("q1", "lift", "d1", ["d2", "gone"])])
def test_an_id_that_the_corpus_lacks_is_an_error_that_leaves_no_export(triple: Triple, tmp_path: Path) -> None:
    with pytest.raises(InparsError, match=r"the triple of query q1 has document 'gone', which memory lacks") as error:
        export_texts(tmp_path / "triples.tsv", [TRIPLES[0], triple], CORPUS)
    assert "corpus that the negatives were mined from" in error.value.hint
    assert not list(tmp_path.iterdir())


def test_a_file_written_before_triples_had_ranks_loads(write_jsonl: Callable[..., Path]) -> None:
    row = {"query_id": "q1", "query": "lift", "positive_id": "d1", "negative_ids": ["d2"], "scores": [1.0]}
    [triple] = read_triples(write_jsonl([row]))
    assert triple == Triple("q1", "lift", "d1", ["d2"], [1.0])
    assert triple.to_row() == row


def test_a_row_without_its_fields_is_an_input_error(write_jsonl: Callable[..., Path]) -> None:
    path = write_jsonl([TRIPLES[0].to_row(), {"query_id": "q1", "query": "x"}])
    with pytest.raises(
        InputError, match=r"line 2: expected query_id, query, positive_id and negative_ids; found .*positive_id"
    ):
        list(read_triples(path))


def test_an_empty_file_is_an_input_error(write_jsonl: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="expected at least one triple; found an empty file"):
        list(read_triples(write_jsonl([])))


def test_where_nothing_was_mined_the_hint_names_the_reasons_and_what_may_help(write_jsonl: Callable[..., Path]) -> None:
    dropped = write_jsonl([{"query_id": "q1", "reason": "no candidate from rank 11 to 100"}], "triples.dropped.jsonl")
    with pytest.raises(InputError) as error:
        list(read_triples(write_jsonl([], "triples.jsonl")))
    assert error.value.hint.startswith(f"{dropped} says why; ")
    for option in ("--set negatives.skip_top=0", "near_duplicates"):
        assert option in error.value.hint
    dropped.unlink()
    with pytest.raises(InputError) as error:
        list(read_triples(dropped.with_name("triples.jsonl")))
    assert not error.value.hint


QUERY_TEXTS = {"1": "what is lift", "2": "drag"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("triples.tsv", "1\td1\td2\n1\td1\t007\n"),
        ("hard.jsonl", '{"qid": 1, "pos": ["d1"], "neg": {"bm25": ["d2", "d1"], "dense": ["007", "d2"]}}\n'),
        (
            "tevatron.jsonl",
            '{"query_id": "1", "query": "what is lift", "positive_passages": [{"docid": "d1", "text": "wings"}], '
            '"negative_passages": [{"docid": "d2", "text": "x"}, {"docid": "007", "text": "y"}]}\n',
        ),
    ],
)
def test_triples_of_others_that_name_documents_by_id_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    triples = list(read_triples(tmp_path / name, QUERY_TEXTS))
    assert {(triple.query_id, triple.query, triple.positive_id) for triple in triples} == {("1", "what is lift", "d1")}
    assert [doc_id for triple in triples for doc_id in triple.negative_ids] == ["d2", "007"]


def test_a_query_without_an_id_has_its_words_for_one(write_jsonl: Callable[..., Path]) -> None:
    rows = [{"query": "what is lift", "positive": "d1", "negatives": ["d2"]}]
    assert list(read_triples(write_jsonl(rows))) == [Triple("what_is_lift", "what is lift", "d1", ["d2"])]


@pytest.mark.parametrize(
    ("queries", "message", "hint"),
    [
        (None, "line 1: expected the text of the query; found its id alone, '7'", "--queries FILE"),
        (
            QUERY_TEXTS,
            "line 1: expected the id of a query in the file of queries; found '7'; that file has '1', '2'",
            "",
        ),
    ],
)
def test_what_is_missing_where_queries_are_named_by_id_is_told(
    tmp_path: Path, queries: dict[str, str] | None, message: str, hint: str
) -> None:
    (tmp_path / "triples.tsv").write_text("7\td1\td2\n")
    with pytest.raises(InputError, match=message) as error:
        list(read_triples(tmp_path / "triples.tsv", queries))
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("triples.train.small.tsv", "what is lift\tWings lift.\tPlates heat up.\n"),
        ("rows.jsonl", '{"anchor": "what is lift", "positive": "Wings lift.", "negative": "Plates heat up."}\n'),
        ("rows.jsonl", '{"query": "what is lift", "pos": ["Wings lift."], "neg": ["Plates heat up."]}\n'),
    ],
)
def test_texts_in_the_place_of_ids_are_told_with_the_command_that_takes_them(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=r"found texts, such as 'Wings lift\.'") as error:
        list(read_triples(tmp_path / name))
    assert "python -m inpars.train --triples" in error.value.hint

"""What training looks for before its first step: every document of every row, whatever part the row would go to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
from inpars.data.records import Triple
from inpars.data.triples import write_triples
from inpars.errors import InparsError

Options = dict[str, Any]


@pytest.fixture
def options(tiny_bi_encoder: Path) -> Options:
    return {"base_model": str(tiny_bi_encoder), "held_out_queries": 10, "max_steps": 1, "batch_size": 8}


@pytest.fixture
def triples(toy_rows: list[dict[str, str]]) -> list[Triple]:
    return [
        Triple(f"q{n}", f"what is {row['title']}", row["_id"], [toy_rows[(n + 1) % 60]["_id"]])
        for n, row in enumerate(toy_rows)
    ]


@pytest.mark.parametrize("row", range(0, 60, 7))
@pytest.mark.parametrize("part", ["positive_id", "negative_ids"])
def test_a_document_that_the_corpus_lacks(
    row: int, part: str, triples: list[Triple], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    setattr(triples[row], part, "gone" if part == "positive_id" else ["d01", "gone"])
    write_triples(tmp_path / "t.jsonl", triples)
    with pytest.raises(InparsError) as error:
        inpars.train(tmp_path / "t.jsonl", toy_corpus, tmp_path / "m", **options)
    assert error.value.message.startswith(
        f"{tmp_path / 't.jsonl'}: the corpus {toy_corpus / 'corpus.jsonl'} lacks 1 of"
    )
    assert error.value.message.endswith("of its 60 triples: 'gone'")
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]


def test_triples_of_another_corpus_with_the_same_ids(
    triples: list[Triple], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    for triple in triples:
        triple.positive_text = "an altogether foreign report about birds"
    write_triples(tmp_path / "t.jsonl", triples)
    with pytest.raises(InparsError, match="are of another corpus"):
        inpars.train(tmp_path / "t.jsonl", toy_corpus, tmp_path / "m", **options)


def test_query_ids_that_the_held_out_run_could_not_hold(
    triples: list[Triple], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    triples[3].query_id = "q 3"
    write_triples(tmp_path / "t.jsonl", triples)
    with pytest.raises(InparsError, match="the query id 'q 3' has blanks"):
        inpars.train(tmp_path / "t.jsonl", toy_corpus, tmp_path / "m", **options)


def test_all_that_is_wrong_is_told_at_once(
    triples: list[Triple], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    triples[0].positive_id = "gone"
    write_triples(tmp_path / "t.jsonl", triples)
    wrong = {"language": "xx", "optimizer": "nonsense", "base_model": "./gone", "device": "nonsense"}
    watched = {f"monitor_{name}": tmp_path / f"no-{name}" for name in ("queries", "qrels", "run")}
    with pytest.raises(InparsError) as error:
        inpars.train(tmp_path / "t.jsonl", toy_corpus, tmp_path / "m", **options | wrong | watched)
    told = error.value.message
    for fault in ("'xx'", "'nonsense'", "'./gone'", "device", "no-queries", "no-qrels", "no-run", "lacks 1 of"):
        assert fault in told
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]


@pytest.mark.parametrize("measure", ["nonsense", "nDCG@0"])
def test_what_is_to_be_watched(
    measure: str, triples: list[Triple], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    write_triples(tmp_path / "t.jsonl", triples)
    (tmp_path / "run.trec").write_text("q0 Q0 d01 1 1.0 x\n")
    watched = {
        "monitor_queries": toy_corpus / "queries.jsonl",
        "monitor_qrels": toy_corpus / "qrels" / "test.tsv",
        "monitor_run": tmp_path / "run.trec",
        "monitor_measures": (measure,),
    }
    with pytest.raises(InparsError, match=f"unknown measure '{measure}'"):
        inpars.train(tmp_path / "t.jsonl", toy_corpus, tmp_path / "m", **options | watched)


def test_queries_whose_document_is_not_there(
    write_jsonl: Callable[..., Path], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    rows = [{"query_id": f"q{n}", "query": f"lift {n}", "doc_id": f"d{n:02d}"} for n in range(70)]
    with pytest.raises(InparsError, match="it lacks 10 of the 70 documents of these 70 queries: 'd60'"):
        inpars.train(write_jsonl(rows, "q.jsonl"), toy_corpus, tmp_path / "m", **options)
    assert json.loads((tmp_path / "q.jsonl").read_text().splitlines()[0]) == rows[0]


def test_triples_of_ids_alone_train_on_the_texts_of_their_queries(
    triples: list[Triple], toy_corpus: Path, options: Options, tmp_path: Path
) -> None:
    rows = [(triple.query_id, triple.positive_id, *triple.negative_ids) for triple in triples]
    (tmp_path / "qidpidtriples.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    (tmp_path / "queries.tsv").write_text("".join(f"{triple.query_id}\t{triple.query}\n" for triple in triples))
    ids, queries = tmp_path / "qidpidtriples.tsv", tmp_path / "queries.tsv"
    with pytest.raises(InparsError, match="line 1: expected the text of the query; found its id alone, 'q0'"):
        inpars.train(ids, toy_corpus, tmp_path / "m", **options)
    model = inpars.train(ids, toy_corpus, tmp_path / "m", queries=queries, **options)
    assert json.loads((model / "inpars.json").read_text())["triples"] == 50, "of 60 ten are held out"
    held_out = {json.loads(line)["text"] for line in (model / "held_out" / "queries.jsonl").read_text().splitlines()}
    assert held_out <= {triple.query for triple in triples}

"""The toolkit's generate_triples: texts in a TSV, the same by id beside it, never the positive as its own negative."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from inpars.data.triples import read_triples
from inpars.drop_in.toolkit.flags import read_flags
from inpars.drop_in.toolkit.generate_triples import TriplesFlags, stage_options
from inpars.negatives.config import NegativesConfig


def read(path):
    """The rows, as the toolkit's training reads them."""
    with path.open(newline="") as stream:
        return list(csv.reader(stream, delimiter="\t"))


def test_flags_reach_the_stage():
    flags = read_flags(TriplesFlags, "generate_triples", ["--input=i", "--output=o", "--dataset=d"])
    options = NegativesConfig(**stage_options(flags))
    assert (options.retriever, options.top_k, options.negatives_per_query) == (("bm25",), 1000, 100)
    assert (options.sample, options.seed) == ("random", 1)
    given = ["--input=i", "--output=o", "--dataset=d", "--max_hits=50", "--n_samples=5", "--seed=2"]
    options = NegativesConfig(**stage_options(read_flags(TriplesFlags, "generate_triples", given)))
    assert (options.top_k, options.negatives_per_query, options.seed) == (50, 5, 2)


def test_rows_are_the_texts_of_the_triples_by_id(triples, toy_rows):
    texts = {row["_id"]: f"{row['title']} {row['text']}" for row in toy_rows}
    by_id = list(read_triples(triples.with_name("triples.ids.jsonl")))
    expected = [[t.query, texts[t.positive_id], texts[n]] for t in by_id for n in t.negative_ids]
    assert len(expected) > 50
    assert read(triples) == expected


def test_no_query_has_more_than_n_samples_nor_its_own_document(triples):
    rows = read(triples)
    assert max(Counter((query, positive) for query, positive, _ in rows).values()) == 5
    assert all(positive != negative for _, positive, negative in rows)


def test_an_empty_query_shifts_nothing(typed, write_jsonl, toy_corpus, toy_rows, tmp_path):
    texts = [f"{toy_rows[n]['title']} {toy_rows[n]['text']}" for n in range(3)]
    rows = [{"query": " ".join(texts[n].split()[:3]), "doc_id": f"d{n:02d}", "text": texts[n]} for n in range(3)]
    rows[0]["query"] = ""
    typed(
        "generate_triples", "--input", write_jsonl(rows), "--dataset", toy_corpus, "--output", tmp_path / "t.tsv",
        "--max_hits", 10, "--n_samples", 2, "--index", "msmarco-passage", "--threads", 4, "--batch_size", 8,
        "--dataset_source", "ir_datasets",
    )  # fmt: skip
    found = {(query, positive) for query, positive, _ in read(tmp_path / "t.tsv")}
    assert found == {(rows[n]["query"], texts[n]) for n in (1, 2)}


def test_quotation_marks_survive_the_toolkits_reader(typed, write_jsonl, tmp_path):
    rows = [{"doc_id": n, "text": f'"lift" is said of wing {n}, "drag" of body {n}\tand tail'} for n in range(5)]
    corpus = write_jsonl(rows, "corpus.jsonl")
    queries = write_jsonl([{"query": 'a "lift" of wing', "doc_id": "0", "text": "x"}], "q.jsonl")
    typed("generate_triples", "--input", queries, "--dataset", corpus, "--output", tmp_path / "t.tsv")
    found = read(tmp_path / "t.tsv")
    assert {row[0] for row in found} == {'a "lift" of wing'}
    assert {row[2] for row in found} == {
        f'"lift" is said of wing {n}, "drag" of body {n} and tail' for n in range(1, 5)
    }


def test_the_same_command_again_does_nothing(typed, triples, sensible, toy_corpus, capsys):
    before = triples.read_bytes(), triples.stat().st_mtime_ns
    typed("generate_triples", "--input", sensible, "--dataset", toy_corpus, "--output", triples, "--n_samples", 5)
    assert capsys.readouterr().err.count("up to date") == 2
    assert (triples.read_bytes(), triples.stat().st_mtime_ns) == before


@pytest.mark.parametrize(("source", "output"), [("q.jsonl", "sub/../q.jsonl"), ("q.ids.jsonl", "q.tsv")])
def test_no_output_takes_the_inputs_place(typed, write_jsonl, toy_corpus, source, output, capsys):
    path = write_jsonl([{"query": "lift", "doc_id": "d00", "text": "x"}], source)
    before = path.read_bytes()
    (path.parent / "sub").mkdir()
    with pytest.raises(SystemExit):
        typed("generate_triples", "--input", path, "--dataset", toy_corpus, "--output", path.parent / output)
    assert "the place of the input" in capsys.readouterr().err
    assert path.read_bytes() == before

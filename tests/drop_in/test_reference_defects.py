"""Defects of the InPars toolkit 0.2.1 and of InPars v1: what must hold here instead.

docs/reference-defects.md lists them all, with the test that holds each; here are those that no other test covers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inpars
import inpars.cli
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_synthetic_queries
from inpars.data.records import Document
from inpars.data.triples import read_triples
from inpars.errors import InparsError

ROOT = Path(__file__).parents[2]

DOCUMENTS = [Document(f"d{n}", f"the lift of wing {n} in test {n} of the series") for n in range(6)]


def question(doc_id: str, text: str) -> dict[str, Any]:
    return {"doc_id": doc_id, "doc_text": f"document {doc_id}", "query": text, "log_probs": [-1.0]}


def test_positive_never_among_its_negatives(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    """generate_triples.py:88-111. Every document matches the query, and all of them are asked for."""
    corpus = MemoryCorpus([*DOCUMENTS, Document("copy", DOCUMENTS[0].text)])
    queries = write_jsonl([question(document.doc_id, "lift of the wing") for document in DOCUMENTS[:2]])
    output = inpars.mine_negatives(queries, corpus, tmp_path / "t.jsonl", negatives_per_query=100)
    triples = list(read_triples(output))
    assert len(triples) == 2
    # The same question was generated for both, so that neither is a negative of the other.
    assert set(triples[0].negative_ids) == {"d2", "d3", "d4", "d5"}
    assert not {"d0", "d1"} & set(triples[1].negative_ids)


def test_a_query_stays_with_its_own_document_after_an_empty_one(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    """generate_triples.py:59-68,94: queries were looked up by a position that an empty one shifts."""
    rows = [question(f"d{n}", "" if n == 1 else f"lift of wing {n}") for n in range(6)]
    output = inpars.mine_negatives(write_jsonl(rows), MemoryCorpus(DOCUMENTS), tmp_path / "t.jsonl")
    found = {triple.positive_id: triple.query for triple in read_triples(output)}
    assert found == {f"d{n}": f"lift of wing {n}" for n in (0, 2, 3, 4, 5)}


def test_negatives_come_from_the_corpus_that_is_given(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    """generate_triples.py:35-43: a corpus of one's own was searched in the index of MS MARCO."""
    corpus = MemoryCorpus([Document(f"mine-{d.doc_id}", d.text) for d in DOCUMENTS])
    queries = write_jsonl([question("mine-d0", "lift of wing")])
    (triple,) = read_triples(inpars.mine_negatives(queries, corpus, tmp_path / "t.jsonl", negatives_per_query=5))
    assert sorted(triple.negative_ids) == [f"mine-d{n}" for n in range(1, 6)]


def test_an_evaluation_that_fails_does_not_end_as_a_success(
    toy_corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """evaluate.py:24-41: the evaluation program's exit code was ignored."""
    (tmp_path / "run.trec").write_text("q0 Q0 d00 1\n")
    with pytest.raises(SystemExit) as ended:
        inpars.cli.main(["evaluate", str(tmp_path / "run.trec"), "--qrels", str(toy_corpus / "qrels" / "test.tsv")])
    assert ended.value.code == 2
    assert "run.trec, line 1" in capfd.readouterr().err


def test_a_run_that_is_not_there_is_an_error_and_never_something_to_download(toy_corpus: Path, tmp_path: Path) -> None:
    """utils.py:32-43: a typing error was taken for the name of a dataset."""
    queries = toy_corpus / "queries.jsonl"
    with pytest.raises(InparsError, match=r"scifcat\.trec"):
        inpars.rerank(toy_corpus, queries, tmp_path / "r.trec", model="all-MiniLM-L6-v2", run=tmp_path / "scifcat.trec")


def test_queries_of_the_toolkit_are_compared_with_their_documents(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    """filter.py:18: it read v1's field names in the toolkit's own files."""
    rows = [
        {"query": words, "text": "Why does the wing lift? It is a matter of flow.", "doc_id": "1", "log_probs": [-1.0]}
        for words in ("why does the wing lift", "what has lift to do with flow")
    ]
    output = inpars.filter(write_jsonl(rows), tmp_path / "k.jsonl", methods=["copied"])
    assert [query.query for query in read_synthetic_queries(output)] == ["what has lift to do with flow"]


def test_ids_of_digits_and_empty_documents_come_through_all_of_generation_and_mining(tmp_path: Path) -> None:
    """generate_triples.py with dataset.py: ids were read as numbers, and an empty text as no text at all."""
    rows = "".join(f"00{n},{document.text}\n" for n, document in enumerate(DOCUMENTS))
    (tmp_path / "c.csv").write_text(f"doc_id,text\n{rows}006,\n")
    queries = inpars.generate(tmp_path / "c.csv", tmp_path / "q.jsonl", backend="dummy")
    (tmp_path / "asked.jsonl").write_text(
        "".join(json.dumps(question(q.doc_id, f"lift of wing {q.doc_id[-1]}")) + "\n" for q in _read(queries))
    )
    output = inpars.mine_negatives(tmp_path / "asked.jsonl", tmp_path / "c.csv", tmp_path / "t.jsonl")
    triples = list(read_triples(output))
    assert {f"00{n}" for n in range(6)} <= {triple.positive_id for triple in triples}
    assert all(re.fullmatch("00[0-5]", negative) for triple in triples for negative in triple.negative_ids)


def _read(path: Path) -> list[Any]:
    return list(read_synthetic_queries(path))


def test_more_steps_than_there_are_rows_are_more_passes_over_them(
    toy_corpus: Path, tiny_bi_encoder: Path, tmp_path: Path
) -> None:
    """train.py:207: IndexError."""
    queries = inpars.generate(toy_corpus, tmp_path / "q.jsonl")
    options = {"max_steps": 12, "batch_size": 16, "held_out_queries": 10, "device": "cpu"}
    model = inpars.train(queries, toy_corpus, tmp_path / "m", base_model=str(tiny_bi_encoder), **options)
    assert json.loads((model / "inpars.json").read_text())["steps"] == 12


def test_a_base_whose_configuration_names_no_architecture_is_trained(tmp_path: Path, tiny_seq2seq: Path) -> None:
    """train.py:151: `config.architectures` may be None."""
    from inpars.train.config import TrainConfig
    from inpars.train.families.seq2seq import Seq2SeqTrainee

    folder = Path(shutil.copytree(tiny_seq2seq, tmp_path / "t5"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": None}))
    options = TrainConfig(family="seq2seq", scheme="monot5", device="cpu", max_length=32)
    scored = Seq2SeqTrainee(str(folder), options).scorer().score({"q": "wing"}, {"d": "lift"}, {"q": ["d"]})
    assert set(scored["q"]) == {"d"}


def test_nothing_here_goes_through_pandas() -> None:
    """utils.py:76-83: pandas 3 dropped the column that a run was grouped by."""
    imports = re.compile(r"^\s*(?:import|from) pandas\b", re.MULTILINE)
    assert not [path for path in (ROOT / "src").rglob("*.py") if imports.search(path.read_text())]


def test_a_machine_without_home_is_a_machine_all_the_same(toy_corpus: Path, tmp_path: Path) -> None:
    """utils.py:8: KeyError, at import, where the variable HOME is not set."""
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    command = [sys.executable, "-m", "inpars", "generate", toy_corpus, "--output", tmp_path / "q.jsonl"]
    done = subprocess.run([*command, "--backend", "dummy"], capture_output=True, text=True, env=bare)
    assert done.returncode == 0, done.stderr


def test_a_corpus_of_one_document_will_do(tmp_path: Path) -> None:
    """generate.py:50-54: corpora with no more documents than few-shot examples were refused."""
    output = inpars.generate(MemoryCorpus(DOCUMENTS[:1]), tmp_path / "q.jsonl", backend="dummy")
    assert [query.doc_id for query in read_synthetic_queries(output)] == ["d0"]


def test_arguana_and_quora_do_not_find_the_query_itself_and_cqadupstack_has_twelve_parts() -> None:
    """evaluate.py, rerank.py: neither rule of BEIR was kept to."""
    from inpars.data.beir import finds_itself, parts_of, without_self_hits

    assert [finds_itself(name) for name in ("arguana", "quora", "scifact")] == [True, True, False]
    assert without_self_hits({"q1": {"q1": 9.0, "d1": 1.0}, "q2": {"q1": 2.0}}) == {
        "q1": {"d1": 1.0},
        "q2": {"q1": 2.0},
    }
    assert len(set(parts_of("cqadupstack"))) == 12


def test_a_dataset_with_a_slash_in_its_name_makes_no_folders(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    """generate_triples.py:57,70: paths were built from the name."""
    corpus = MemoryCorpus(DOCUMENTS, "beir/cqadupstack/android")
    queries = write_jsonl([question("d0", "lift of wing")])
    (triple,) = read_triples(inpars.mine_negatives(queries, corpus, tmp_path / "out" / "t.jsonl"))
    assert triple.positive_id == "d0"
    assert not [path for path in tmp_path.rglob("*") if "cqadupstack" in path.name]


def test_a_prebuilt_index_is_called_what_pyserini_calls_it() -> None:
    """generate_triples.py:43 and dataset.py:35: two spellings, one of them out of date."""
    from inpars.drop_in.toolkit.pyserini import index_name

    assert index_name("scifact") == "beir-v1.0.0-scifact.flat"


def test_every_defect_has_its_test() -> None:
    """The table of docs/reference-defects.md: numbers without a gap, and tests that exist."""
    rows = re.findall(
        r"^\| (4\.[125]\.\d+) \|(.*)\|$", (ROOT / "docs" / "reference-defects.md").read_text(), re.MULTILINE
    )
    expected = [f"4.1.{n}" for n in range(1, 25)] + [f"4.2.{n}" for n in range(1, 22)]
    expected += ["4.5.1", "4.5.4", "4.5.5"]
    assert [number for number, _ in rows] == expected
    for number, row in rows:
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row)
        assert named, number
        for file, test in named:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(), (number, file, test)

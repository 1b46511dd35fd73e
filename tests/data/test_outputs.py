"""No output of a stage takes the place of a file that the stage reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import inpars
from inpars.cli import main
from inpars.errors import OptionError


@pytest.fixture
def here(toy_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with documents, queries for them, test queries, judgments and a run."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(toy_corpus, tmp_path / "toy")
    shutil.copy(toy_corpus / "corpus.jsonl", "c.jsonl")
    shutil.copy(toy_corpus / "queries.jsonl", "topics.jsonl")
    shutil.copy(toy_corpus / "qrels" / "test.tsv", "qrels.tsv")
    inpars.generate("c.jsonl", "q.jsonl")
    inpars.search("c.jsonl", "topics.jsonl", "r.trec")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("generate c.jsonl --output c.jsonl", "c.jsonl"),
        ("generate c.jsonl?id=_id&text=text --output toy/../c.jsonl", "c.jsonl"),
        ("generate toy --output toy/corpus.jsonl", "toy/corpus.jsonl"),
        ("generate c.jsonl --fewshot topics.jsonl --output topics.jsonl", "topics.jsonl"),
        ("filter q.jsonl --output q.jsonl", "q.jsonl"),
        ("filter q.jsonl --corpus c.jsonl --methods copied --output c.jsonl", "c.jsonl"),
        ("negatives q.jsonl --corpus c.jsonl --output c.jsonl", "c.jsonl"),
        ("negatives q.jsonl --corpus c.jsonl --qrels qrels.tsv --output qrels.tsv", "qrels.tsv"),
        ("search topics.jsonl --corpus c.jsonl --output topics.jsonl", "topics.jsonl"),
        ("search topics.jsonl --corpus c.jsonl --output c.jsonl", "c.jsonl"),
        ("rerank topics.jsonl --corpus c.jsonl --model m --output c.jsonl", "c.jsonl"),
        ("rerank topics.jsonl --corpus c.jsonl --model m --run r.trec --output r.trec", "r.trec"),
        ("evaluate r.trec --qrels qrels.tsv --output qrels.tsv", "qrels.tsv"),
        ("evaluate r=r.trec --qrels qrels.tsv --output r.trec", "r.trec"),
    ],
)
def test_no_stage_writes_over_what_it_reads(
    here: Path, command: str, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (here / kept).read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 2
    assert "would take the place of the input" in capsys.readouterr().err
    assert (here / kept).read_bytes() == before


def test_files_beside_an_output_are_outputs_too(here: Path) -> None:
    (here / "q.jsonl").rename(here / "k.dropped.jsonl")
    with pytest.raises(OptionError, match=r"writing k.dropped.jsonl would take the place"):
        inpars.filter("k.dropped.jsonl", "k.jsonl")
    (here / "r.trec").rename(here / "t_fused.trec")
    with pytest.raises(OptionError, match=r"writing t_fused.trec would take the place"):
        inpars.rerank("c.jsonl", "topics.jsonl", "t.trec", model="m", run="t_fused.trec")


def test_an_open_corpus_is_an_input_as_its_file_is(here: Path) -> None:
    with pytest.raises(OptionError, match="would take the place"):
        inpars.generate(inpars.open_corpus("c.jsonl"), "c.jsonl")

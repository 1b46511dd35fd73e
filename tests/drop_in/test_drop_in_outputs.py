"""No output of a drop-in command takes the place of anything that the command reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inpars.drop_in.outputs import check_places
from inpars.drop_in.toolkit import main
from inpars.drop_in.v1.generate import GenerateFlags
from inpars.drop_in.v1.generate import run as v1_generate
from inpars.drop_in.v1.triples import TriplesFlags
from inpars.drop_in.v1.triples import run as v1_triples
from inpars.errors import OptionError


@pytest.fixture
def here(toy_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with a BEIR folder `toy`, a collection, queries for them and a prompt."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(toy_corpus, tmp_path / "toy")
    (tmp_path / "c.tsv").write_text("d00\tlift of a wing\nd01\theat flow\n")
    (tmp_path / "q.jsonl").write_text('{"doc_id": "d00", "query": "lift", "log_probs": [-1.0], "text": "lift"}\n')
    (tmp_path / "q.tsv").write_text("1\tlift\n")
    (tmp_path / "p.txt").write_text("{document}\nQuery: {query}")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "arguments", "kept"),
    [
        ("generate", "--dataset toy --output toy/queries.jsonl --base_model m", "toy/queries.jsonl"),
        ("generate", "--dataset toy --output toy/../toy/corpus.jsonl --base_model m", "toy/corpus.jsonl"),
        ("generate", "--dataset c.tsv --output p.txt --prompt p.txt --base_model m", "p.txt"),
        ("generate", "--dataset c.tsv --output q.jsonl --fewshot q.jsonl --base_model m", "q.jsonl"),
        ("filter", "--input q.jsonl --dataset c.tsv --output c.tsv --filter_strategy scores", "c.tsv"),
        ("generate_triples", "--input q.jsonl --dataset c.tsv --output c.tsv", "c.tsv"),
        ("generate_triples", "--input q.jsonl --dataset c.tsv?id=0&text=1 --output c.tsv", "c.tsv"),
        ("rerank", "--corpus c.tsv --queries q.tsv --output_run q.tsv --model m", "q.tsv"),
        ("rerank", "--corpus c.tsv --queries q.tsv --output_run c.tsv --model m", "c.tsv"),
        ("rerank", "--dataset toy --output_run toy/queries.jsonl --model m", "toy/queries.jsonl"),
    ],
)
def test_the_toolkits_commands_keep_what_they_read(
    here: Path, command: str, arguments: str, kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (here / kept).read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(command, arguments.split())
    assert ended.value.code == 2
    assert "would take the place of the input" in capsys.readouterr().err
    assert (here / kept).read_bytes() == before


def test_v1s_commands_keep_what_they_read(here: Path) -> None:
    before = {name: (here / name).read_bytes() for name in ("c.tsv", "p.txt")}
    with pytest.raises(OptionError, match="the place of the input"):
        v1_triples(TriplesFlags(input=Path("q.jsonl"), corpus="c.tsv", output=Path("c.tsv"), output_ids=Path("i.tsv")))
    with pytest.raises(OptionError, match="the place of the input"):
        v1_triples(TriplesFlags(input=Path("q.jsonl"), corpus="c.tsv", output=Path("t.tsv"), output_ids=Path("c.tsv")))
    with pytest.raises(OptionError, match="the place of the input"):
        v1_generate(GenerateFlags(collection="c.tsv", output=Path("p.txt"), prompt_template="p.txt", engine="dummy"))
    assert {name: (here / name).read_bytes() for name in before} == before


def test_a_folder_is_no_output_of_rerank_whatever_the_first_stage(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "r").mkdir()
    with pytest.raises(SystemExit):
        main("rerank", ["--dataset=toy", "--model=m", "--output_run=r"])
    assert "the output r is a folder" in capsys.readouterr().err
    assert not (here / "r.bm25.trec").exists()


def test_other_files_of_a_dataset_and_names_of_a_catalogue_may_be_outputs(here: Path) -> None:
    (here / "toy" / "generated.jsonl").write_text("an output of an earlier call")
    check_places(("toy", None), Path("toy/generated.jsonl"))
    check_places(("scifact", "inpars"), Path("scifact"), Path("inpars"))

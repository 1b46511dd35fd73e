"""`inpars v1 triples`: texts and ids side by side, and never the source among the negatives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from v1_models import v1, write_collection

from inpars.data.triples import read_triples


@pytest.fixture
def files(tmp_path: Path, toy_rows: list[dict[str, str]], write_jsonl: Callable[..., Path]) -> tuple[Path, Path]:
    """A collection, the first document in it twice, and v1's questions, one of them empty."""
    twin = toy_rows[0] | {"_id": "twin"}
    corpus = write_collection(tmp_path / "collection.tsv", [*toy_rows, twin])
    questions = [
        {
            "doc_id": row["_id"],
            "doc_text": row["text"],
            "question": "" if n == 1 else f"{' '.join(row['text'].split()[:4])}\tis it?",
            "log_probs": [-1.0],
        }
        for n, row in enumerate(toy_rows[:8])
    ]
    return write_jsonl(questions, "q.jsonl"), corpus


def flags(files: tuple[Path, Path], folder: Path) -> list[object]:
    names = ["--output", folder / "t.tsv", "--output_ids", folder / "t.ids.tsv"]
    return ["--input", files[0], "--corpus", files[1], *names]


def lines(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_texts_and_ids_are_line_by_line_the_same(files: tuple[Path, Path], tmp_path: Path) -> None:
    v1("triples", *flags(files, tmp_path), "--n_samples", 3)
    texts = dict(lines(files[1]))
    rows, ids = lines(tmp_path / "t.tsv"), lines(tmp_path / "t.ids.tsv")
    assert len(rows) == len(ids) == 3 * 7
    questions = {triple.query_id: triple.query for triple in read_triples(tmp_path / "t.ids.jsonl")}
    for (query, positive, negative), (query_id, positive_id, negative_id) in zip(rows, ids, strict=True):
        assert query == " ".join(questions[query_id].split())
        assert (positive, negative) == (texts[positive_id], texts[negative_id])


def test_neither_the_source_nor_its_copy_is_a_negative(files: tuple[Path, Path], tmp_path: Path) -> None:
    v1("triples", *flags(files, tmp_path), "--n-samples", 100)
    for query, positive, negative in lines(tmp_path / "t.tsv"):
        assert positive != negative, query
    found = {(positive, negative) for _, positive, negative in lines(tmp_path / "t.ids.tsv")}
    assert not found & {("d00", "d00"), ("d00", "twin")}
    assert len({negative for positive, negative in found if positive == "d00"}) > 10


def test_candidates_go_as_deep_as_max_hits(files: tuple[Path, Path], tmp_path: Path) -> None:
    # The first ranks are often the source and what says the same.
    v1("triples", *flags(files, tmp_path), "--max_hits", 12)
    assert max(max(triple.ranks) for triple in read_triples(tmp_path / "t.ids.jsonl")) == 12


def test_an_index_is_not_needed_and_it_says_so(
    files: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    v1("triples", *flags(files, tmp_path), "--index", "msmarco-passage", "--n_samples", 1)
    assert "--index msmarco-passage is not needed" in capfd.readouterr().err
    assert lines(tmp_path / "t.ids.tsv")


def test_an_empty_question_shifts_nothing_and_is_told_of(files: tuple[Path, Path], tmp_path: Path) -> None:
    v1("triples", *flags(files, tmp_path), "--n_samples", 1)
    assert [positive for _, positive, _ in lines(tmp_path / "t.ids.tsv")] == [f"d0{n}" for n in (0, 2, 3, 4, 5, 6, 7)]
    (dropped,) = [json.loads(line) for line in (tmp_path / "t.ids.dropped.jsonl").read_text().splitlines()]
    assert dropped["doc_id"] == "d01"


def test_the_seed_decides_the_draw(files: tuple[Path, Path], tmp_path: Path) -> None:
    drawn = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        v1("triples", *flags(files, folder), "--n_samples", 2, "--seed", seed)
        drawn.append((folder / "t.ids.tsv").read_text())
    assert drawn[0] == drawn[1] != drawn[2]


def test_an_output_of_the_inputs_name_leaves_the_input_alone(files: tuple[Path, Path], tmp_path: Path) -> None:
    before = files[0].read_bytes()
    outputs = ["--output", files[0].with_suffix(".tsv"), "--output_ids", tmp_path / "ids.tsv"]
    v1("triples", "--input", files[0], "--corpus", files[1], *outputs, "--n_samples", 1)
    assert files[0].read_bytes() == before
    assert list(read_triples(files[0].with_name("q.ids.jsonl")))


@pytest.mark.parametrize(
    ("output", "ids", "said"),
    [
        ("q.jsonl", "i.tsv", "the place of the input"),
        ("t.tsv", "sub/../q.jsonl", "the place of the input"),
        ("q.tsv", "q.tsv", "two outputs are one file"),
        ("t.tsv", "sub", "is a folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_any_work(
    files: tuple[Path, Path], tmp_path: Path, output: str, ids: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, before = files[0].parent, files[0].read_bytes()
    (folder / "sub").mkdir()
    outputs = ["--output", folder / output, "--output_ids", folder / ids]
    v1("triples", "--input", files[0], "--corpus", files[1], *outputs, code=2)
    assert said in capfd.readouterr().err
    assert files[0].read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {files[0].name, files[1].name, "sub"}


def test_triples_by_id_never_take_the_inputs_place(
    files: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = files[0].rename(tmp_path / "t.ids.jsonl")
    v1("triples", *flags((source, files[1]), tmp_path), code=2)
    assert "the place of the input" in capfd.readouterr().err

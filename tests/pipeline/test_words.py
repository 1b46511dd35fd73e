"""`inpars run` as it is typed: a corpus and a recipe in any order, and a folder that nobody named."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpars.data.files import write_json
from inpars.errors import InparsError, OptionError
from inpars.pipeline.words import output_for, read_words


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("text")
    (tmp_path / "docs.jsonl").write_text("")


@pytest.mark.parametrize(
    ("words", "corpus", "expected"),
    [
        (["notes"], None, ("quickstart", "notes")),
        (["docs.jsonl"], None, ("quickstart", "docs.jsonl")),
        (["promptagator", "notes"], None, ("promptagator", "notes")),
        (["notes", "promptagator"], None, ("promptagator", "notes")),
        (["notes", "my.yaml"], None, ("my.yaml", "notes")),
        (["gpl"], "docs.csv?id=x", ("gpl", "docs.csv?id=x")),
        ([], "anything", ("quickstart", "anything")),
        (["python-docs"], None, ("quickstart", "python-docs")),
        (["hf:some/set"], None, ("quickstart", "hf:some/set")),
        (["gone.jsonl.gz"], None, ("quickstart", "gone.jsonl.gz")),
    ],
)
def test_what_is_what(words: list[str], corpus: str | None, expected: tuple[str, str]) -> None:
    assert read_words(words, corpus) == expected


@pytest.mark.parametrize(
    ("words", "corpus", "said", "hint"),
    [
        (["notes", "docs.jsonl"], None, "two corpora, 'notes' and 'docs.jsonl'", "a run has one"),
        (["notes"], "docs.jsonl", "two corpora, 'notes' and 'docs.jsonl'", "a run has one"),
        (["gpl", "quickstart", "notes"], None, "two recipes, 'gpl' and 'quickstart'", "a run has one"),
        (["quickstrat", "notes"], None, "'quickstrat' is neither a recipe nor a corpus", "did you mean 'quickstart'?"),
        (["quickstrat"], "notes", "'quickstrat' is neither a recipe nor a corpus", "did you mean 'quickstart'?"),
        (["nots"], None, "no such file or folder", "did you mean 'notes'?"),
        (["doc.json"], None, "no such file or folder", "did you mean 'docs.jsonl'?"),
        (["gone/away"], None, "no such file or folder", "recipes: extractive, gpl, "),
        (["gpl"], None, "a run needs a corpus", "inpars run CORPUS"),
        ([], None, "a run needs a corpus", "inpars run CORPUS"),
    ],
)
def test_what_cannot_be(words: list[str], corpus: str | None, said: str, hint: str) -> None:
    with pytest.raises(InparsError) as error:
        read_words(words, corpus)
    assert said in error.value.message
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("recipe", "corpus", "folder"),
    [
        ("quickstart", "notes", "notes-quickstart"),
        ("quickstart", "notes/", "notes-quickstart"),
        ("promptagator", "docs.jsonl", "docs-promptagator"),
        ("dir/my.yaml", "./docs.jsonl", "docs-my"),
        ("gpl", "docs.jsonl?id=pmid", "docs-gpl"),
        ("gpl", "python-docs", "python-docs-gpl"),
        ("gpl", "hf:BeIR/scifact:corpus", "scifact-gpl"),
        ("gpl", "ir_datasets:beir/scifact/test", "test-gpl"),
    ],
)
def test_the_folder_is_named_after_the_corpus_and_the_recipe(recipe: str, corpus: str, folder: str) -> None:
    assert output_for(recipe, corpus) == Path(folder)


def test_it_never_lies_inside_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes" / "more").mkdir()
    for place, corpus in (
        ("notes", "."),
        ("notes", "../notes"),
        ("notes/more", ".."),
        ("notes", str(tmp_path / "notes")),
    ):
        monkeypatch.chdir(tmp_path / place)
        with pytest.raises(InparsError, match="would lie inside the corpus") as error:
            output_for("quickstart", corpus)
        assert "--output ../notes-quickstart" in error.value.hint


def test_a_run_of_another_corpus_of_that_name_is_left_alone(tmp_path: Path) -> None:
    manifest = tmp_path / "docs-quickstart" / "manifest.json"
    write_json(manifest, {"corpus": {"spec": "elsewhere/docs.jsonl"}})
    with pytest.raises(InparsError, match=r"docs-quickstart holds a run of another corpus, elsewhere/docs\.jsonl"):
        output_for("quickstart", "docs.jsonl")
    write_json(manifest, {"corpus": {"spec": "./docs.jsonl"}})
    assert output_for("quickstart", "docs.jsonl") == Path("docs-quickstart")


def test_the_recipe_may_be_named_by_its_flag(toy_corpus: Path) -> None:
    assert read_words((str(toy_corpus),), None, "gpl") == ("gpl", str(toy_corpus))
    with pytest.raises(OptionError, match="two recipes"):
        read_words(("gpl", str(toy_corpus)), None, "quickstart")

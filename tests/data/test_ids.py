"""Ids that a line of a run cannot hold: refused by whoever reads them first, with how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.base import check_ids
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.queries import read_queries, read_synthetic_queries
from inpars.data.records import Document
from inpars.data.runs import write_run
from inpars.errors import InparsError, InputError

Write = Callable[..., Path]
BLANKS = ["a b", " a", "a ", "a\tb", "a\nb", "a\u00a0b", "a\u3000b", "a\u2028b"]


@pytest.mark.parametrize("name", BLANKS)
def test_a_document_s(name: str, write_jsonl: Write) -> None:
    path = write_jsonl([{"_id": "ok", "text": "wing"}, {"_id": name, "text": "lift"}, {"_id": "x y", "text": "drag"}])
    with pytest.raises(InputError) as error:
        len(open_corpus(path))
    assert error.value.line == 2
    assert f"2 ids with blanks, the first {name!r}" in error.value.message
    assert "replace the blanks" in error.value.hint


def test_a_document_s_in_a_table(tmp_path: Path) -> None:
    (tmp_path / "docs.csv").write_text("id,text\nfirst one,wing\n")
    with pytest.raises(InputError, match=r"docs.csv, line 2: expected document ids without blanks.*found 'first one'"):
        open_corpus(tmp_path / "docs.csv").sample(1, 1)


def test_a_file_s_name_in_a_folder_becomes_an_id_without_any(tmp_path: Path) -> None:
    for name in ("a b.txt", "c\u00a0d.txt", "plain.txt"):
        (tmp_path / name).write_text(f"text of {name}")
    assert [len(document.doc_id.split()) for document in open_corpus(tmp_path)] == [1, 1, 1]


def test_one_in_a_corpus_of_somebody_s_own() -> None:
    class Own:
        name = "own"

        def __iter__(self) -> Iterator[Document]:
            yield from (Document("a", "wing"), Document("b c", "lift"))

    with pytest.raises(InputError, match=r"own, line 2: .* found 'b c'"):
        check_ids(Own())  # type: ignore[arg-type]
    check_ids(MemoryCorpus([Document("a", "wing")]))


def test_a_query_s(write_jsonl: Write, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"line 1: expected query ids without blanks.* 2 ids with blanks, the first 'q 1'"
    ):
        read_queries(write_jsonl([{"_id": f"q {n}", "text": "wing"} for n in (1, 2)]))
    with pytest.raises(InputError, match=r"line 1: expected query ids without blanks.* found 'q 1'"):
        list(read_synthetic_queries(write_jsonl([{"query_id": "q 1", "query": "wing", "doc_id": "a"}])))


@pytest.mark.parametrize("name", BLANKS)
def test_what_still_reaches_a_run(name: str, tmp_path: Path) -> None:
    for run in ({"q": {name: 1.0}}, {name: {"d": 1.0}}):
        with pytest.raises(InparsError, match="an id in a run must have no blanks"):
            write_run(tmp_path / "a.trec", run, "tag")
    assert not list(tmp_path.iterdir())

"""Queries beside the documents that they were written for: all there, and of this corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inpars.data.corpora import open_corpus
from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document, SyntheticQuery
from inpars.data.sources import check_sources
from inpars.errors import InparsError

FILE = Path("queries.jsonl")


@pytest.fixture(scope="session")
def cranfield(collection: Callable[[str], Path]) -> list[Document]:
    return [d for d in open_corpus(collection("cranfield")) if d.text][:300]


@pytest.fixture(scope="session")
def medline(collection: Callable[[str], Path]) -> list[Document]:
    return [d for d in open_corpus(collection("medline")) if d.text][:300]


def numbered(documents: list[Document]) -> MemoryCorpus:
    """The documents under ids that count from 0, as very many collections have them."""
    return MemoryCorpus([Document(str(n), d.text, d.title) for n, d in enumerate(documents)], "docs.jsonl")


def queries_for(corpus: MemoryCorpus, text: Callable[[Document], str] = lambda d: d.contents) -> list[SyntheticQuery]:
    return [SyntheticQuery(f"query {d.doc_id}", d.doc_id, text(d)) for d in corpus]


def test_queries_of_another_corpus_with_the_same_ids_are_refused(
    cranfield: list[Document], medline: list[Document]
) -> None:
    with pytest.raises(InparsError) as error:
        check_sources(FILE, queries_for(numbered(medline)), numbered(cranfield))
    assert "queries.jsonl: the queries are of another corpus than docs.jsonl" in error.value.message
    assert "of 300 rows looked at, " in error.value.message
    assert error.value.hint


def test_so_they_are_within_one_subject(cranfield: list[Document]) -> None:
    with pytest.raises(InparsError, match="of another corpus"):
        check_sources(FILE, queries_for(numbered(cranfield)), numbered(cranfield[150:] + cranfield[:150]))


@pytest.mark.parametrize(
    "text",
    [
        lambda d: d.contents,
        lambda d: d.text,
        lambda d: " ".join(d.contents.split()[:25]),
        lambda d: " ".join(d.contents.split()[10:]),
        lambda d: d.contents.upper().replace("\n", " "),
        lambda d: json.dumps(d.contents),
        lambda d: f"{d.contents} And a sentence that a later edition has no more.",
        lambda d: "",
    ],
    ids=["whole", "no title", "truncated", "cut", "reformatted", "escaped", "edited", "no text"],
)
def test_a_text_that_is_the_document_s_or_a_part_of_it_is_not(
    text: Callable[[Document], str], cranfield: list[Document], capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = numbered(cranfield)
    check_sources(FILE, queries_for(corpus, text), corpus)
    assert not capsys.readouterr().err


def test_documents_that_were_cut_since_are_still_these(cranfield: list[Document]) -> None:
    whole = numbered(cranfield)
    cut = MemoryCorpus([Document(d.doc_id, " ".join(d.contents.split()[:20])) for d in whole])
    check_sources(FILE, queries_for(whole), cut)


def test_a_few_documents_that_have_changed_are_counted(
    cranfield: list[Document], medline: list[Document], capsys: pytest.CaptureFixture[str]
) -> None:
    check_sources(FILE, queries_for(numbered(medline[:20] + cranfield[20:])), numbered(cranfield))
    assert "of 300 rows looked at, 20 hold a text that has little to do with their document" in capsys.readouterr().err


def test_scripts_without_blanks_are_told_apart_too(collection: Callable[[str], Path]) -> None:
    corpus = numbered([d for d in open_corpus(collection("jaquad-dev-ja")) if len(d.text) > 50][:200])
    check_sources(FILE, queries_for(corpus, lambda d: d.contents[: len(d.contents) // 2]), corpus)
    turned = [*list(corpus)[100:], *list(corpus)[:100]]
    with pytest.raises(InparsError, match="of another corpus"):
        check_sources(FILE, queries_for(corpus), numbered(turned))


def test_documents_that_the_corpus_lacks_are_counted_and_the_first_is_named() -> None:
    corpus = MemoryCorpus([Document("a", "wing lift"), Document("b", "drag flow")], "docs.jsonl")
    queries = [SyntheticQuery("q", doc_id, query_id=f"q{doc_id}") for doc_id in ("a", "x", "y", "x")]
    with pytest.raises(InparsError) as error:
        check_sources(FILE, queries, corpus)
    assert error.value.message == (
        "queries.jsonl: query qx was written for document 'x', which docs.jsonl lacks; it lacks 2 of the 3 documents "
        "of these 4 queries: 'x', 'y'"
    )
    check_sources(FILE, queries, corpus, lacking=False)
